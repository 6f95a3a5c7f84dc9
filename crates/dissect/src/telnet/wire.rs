//! Commands within a stream (RFC 854), options (IANA's list), and what servers ask in their own words.

/// Interpret as command: begins each of them (RFC 854).
pub(super) const IAC: u8 = 255;
/// Begins what belongs to an option.
pub(super) const SB: u8 = 250;
/// Ends it.
pub(super) const SE: u8 = 240;

/// WILL, WONT, DO, DONT.
pub(super) const fn verb(command: u8) -> Option<&'static str> {
    match command {
        251 => Some("will"),
        252 => Some("wont"),
        253 => Some("do"),
        254 => Some("dont"),
        _ => None,
    }
}

/// An option by its name.
pub(super) const fn option(number: u8) -> &'static str {
    match number {
        0 => "binary",
        1 => "echo",
        3 => "suppress-go-ahead",
        5 => "status",
        6 => "timing-mark",
        24 => "terminal-type",
        25 => "end-of-record",
        31 => "window-size",
        32 => "terminal-speed",
        33 => "flow-control",
        34 => "linemode",
        35 => "x-display",
        36 => "environment",
        37 => "authentication",
        38 => "encryption",
        39 => "new-environment",
        40 => "tn3270e",
        44 => "com-port",
        46 => "start-tls",
        _ => "other",
    }
}

/// The last letters that a server sent, in lower case: what it asks for is known by them, and they are told to nobody.
#[derive(Clone, Copy, Default)]
pub(super) struct Tail(u128);

/// What a server asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    Name,
    Password,
}

impl Tail {
    pub(super) fn push(&mut self, octet: u8) {
        self.0 = self.0 << 8 | u128::from(octet.to_ascii_lowercase());
    }

    pub(super) fn ends_with(self, word: &str) -> bool {
        let octets = self.0.to_be_bytes();
        octets.ends_with(word.as_bytes())
    }

    /// What its last octets ask for; `Last login: ...` asks for nothing.
    pub(super) fn prompt(self) -> Option<Prompt> {
        if self.ends_with("password:") || self.ends_with("passcode:") || self.ends_with("passwd:") {
            Some(Prompt::Password)
        } else if self.ends_with("last login:") || self.ends_with("failed login:") {
            None
        } else if ["login:", "username:", "user name:", "login name:", "user:"].iter().any(|word| self.ends_with(word))
        {
            Some(Prompt::Name)
        } else {
            None
        }
    }

    /// It says that the password is wrong. The last sixteen octets of longer words are enough.
    pub(super) fn is_refusal(self) -> bool {
        [
            "login incorrect",
            "login failed",
            "login invalid",
            "ntication failed",
            "access denied",
            "bad password",
            "bad passwords",
        ]
        .iter()
        .any(|word| self.ends_with(word))
    }
}
