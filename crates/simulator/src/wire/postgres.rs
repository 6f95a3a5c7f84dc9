//! PostgreSQL's protocol, version 3.0, without encryption: a login, and tables that are copied out.

/// The port.
pub const PORT: u16 = 5432;

/// A message: its letter, its length, and its body.
fn message(letter: u8, body: &[&[u8]]) -> Vec<u8> {
    let length: usize = 4 + body.iter().map(|part| part.len()).sum::<usize>();
    let mut out = vec![letter];
    out.extend_from_slice(&(length as u32).to_be_bytes());
    body.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// StartupMessage: who, of which database, with which program.
pub fn start(user: &str, database: &str, program: &str) -> Vec<u8> {
    let names = format!("user\0{user}\0database\0{database}\0application_name\0{program}\0\0");
    [&(8 + names.len() as u32).to_be_bytes()[..], &[0, 3, 0, 0], names.as_bytes()].concat()
}

/// AuthenticationMD5Password.
pub fn challenge(salt: [u8; 4]) -> Vec<u8> {
    message(b'R', &[&[0, 0, 0, 5], &salt])
}

/// PasswordMessage: the digest that is asked for.
pub fn password(digest: u128) -> Vec<u8> {
    message(b'p', &[format!("md5{digest:032x}\0").as_bytes()])
}

/// ReadyForQuery, outside of transactions.
fn ready() -> Vec<u8> {
    message(b'Z', &[b"I"])
}

/// AuthenticationOk, and that questions may come.
pub fn welcome() -> Vec<u8> {
    let version = message(b'S', &[b"server_version\0", b"13.14\0"]);
    [message(b'R', &[&[0; 4]]), version, ready()].concat()
}

/// Query.
pub fn query(text: &str) -> Vec<u8> {
    message(b'Q', &[text.as_bytes(), &[0]])
}

/// A table of so many columns as COPY gives it out: a line of text for each row.
pub fn copied(columns: u8, rows: impl Iterator<Item = String>) -> Vec<u8> {
    let formats = vec![0; 2 * usize::from(columns)];
    let mut out = message(b'H', &[&[0, 0, columns], &formats]);
    let mut count = 0;
    for row in rows {
        out.extend(message(b'd', &[row.as_bytes(), b"\n"]));
        count += 1;
    }
    out.extend(message(b'c', &[]));
    out.extend(message(b'C', &[format!("COPY {count}\0").as_bytes()]));
    out.extend(ready());
    out
}

/// Terminate.
pub fn goodbye() -> Vec<u8> {
    message(b'X', &[])
}
