use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a client sends in `authorization` (RFC 7617, section 2); none where it can't be sent.
pub(crate) fn encode(user: &str, password: &str) -> Option<String> {
    let control = user.bytes().chain(password.bytes()).any(|byte| byte.is_ascii_control());
    let fits = !user.contains(':') && !control;
    fits.then(|| format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}
