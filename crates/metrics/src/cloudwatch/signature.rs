//! Signature version 4: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{digest, hmac};
use http::header::{AUTHORIZATION, HOST, InvalidHeaderValue};
use http::{HeaderName, HeaderValue, request};
use towerkit_http_client::percent_encoded;

use super::Credentials;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// What a signature is for.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Scope<'_> {
    /// Signs a request: all the headers it has by then, and its body. It must have its `host`.
    pub(super) fn sign(
        self,
        request: &mut request::Parts,
        body: &[u8],
        credentials: &Credentials,
        time: SystemTime,
    ) -> Result<(), InvalidHeaderValue> {
        let time = stamp(time);
        request.headers.insert(DATE, HeaderValue::from_str(&time)?);
        if let Some(token) = credentials.token() {
            let mut token = HeaderValue::from_str(token)?;
            token.set_sensitive(true);
            request.headers.insert(TOKEN, token);
        }
        let day = time.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let (canonical, signed) = canonical(request, body);
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hash(canonical.as_bytes()));

        let mut key = keyed(format!("AWS4{}", credentials.secret()).as_bytes(), day);
        for part in [self.region, self.service, "aws4_request", &to_sign] {
            key = keyed(key.as_ref(), part);
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={}",
            credentials.id(),
            hex(key.as_ref())
        );
        let mut authorization = HeaderValue::from_str(&authorization)?;
        authorization.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }
}

/// The canonical form of a request, and the names of the headers in it.
fn canonical(request: &request::Parts, body: &[u8]) -> (String, String) {
    let mut names: Vec<_> = request.headers.keys().filter(|name| *name != AUTHORIZATION).collect();
    names.sort_unstable_by_key(|name| name.as_str());
    debug_assert!(request.headers.contains_key(HOST), "a request is signed with its host");
    let mut headers = String::new();
    for name in &names {
        headers.push_str(name.as_str());
        headers.push(':');
        for (at, value) in request.headers.get_all(*name).iter().enumerate() {
            if at > 0 {
                headers.push(',');
            }
            // A run of spaces counts as one, and none at the ends.
            let value = String::from_utf8_lossy(value.as_bytes());
            for (at, word) in value.split_whitespace().enumerate() {
                if at > 0 {
                    headers.push(' ');
                }
                headers.push_str(word);
            }
        }
        headers.push('\n');
    }
    let signed = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(";");
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{signed}\n{}",
        request.method,
        canonical_path(request.uri.path()),
        canonical_query(request.uri.query().unwrap_or_default()),
        hash(body)
    );
    (canonical, signed)
}

/// A path without its dots and doubled slashes, encoded once more, as all services want it but S3.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::from("/");
    for (at, segment) in segments.iter().enumerate() {
        if at > 0 {
            canonical.push('/');
        }
        canonical.extend(percent_encoded(segment));
    }
    if !segments.is_empty() && path.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// A query that is encoded already, by its names and then by its values.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn keyed(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A time as `20260131T235959Z`. One before 1970 is taken as its first second.
fn stamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March, so that a leap day is the last one; 1970 is in the era of 400 years that began in March 1600 (day -135_080).
    let days = days + 135_080;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = 1600 + era * 400 + year_of_era + next;
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests;
