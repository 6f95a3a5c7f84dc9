//! HTTP/1.1 messages (RFC 9112).

/// A GET request.
pub fn get(host: &str, path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)\r\n\
         Accept: text/html,*/*;q=0.8\r\nAccept-Language: de,en;q=0.5\r\nConnection: keep-alive\r\n\r\n"
    )
    .into_bytes()
}

/// A POST request with its body.
pub fn post(host: &str, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

/// A proxy is asked for a tunnel (RFC 9110 section 9.3.6).
pub fn connect(host: &str, port: u16) -> Vec<u8> {
    format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nProxy-Connection: keep-alive\r\n\r\n")
        .into_bytes()
}

/// The tunnel stands.
pub const CONNECTED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// A good answer with its body.
pub fn ok(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

/// The server has failed.
pub const FAILED: &[u8] =
    b"HTTP/1.1 500 Internal Server Error\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";

/// There is nothing there.
pub const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 146\r\n\
    Connection: keep-alive\r\n\r\n<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1>\
    </center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

/// There is something, and not for everybody.
pub const FORBIDDEN: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";
