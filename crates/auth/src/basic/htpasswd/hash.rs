use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;
use towerkit_endpoint::BoxError;

/// The highest cost of bcrypt: some 2 s.
const MOST_BCRYPT_COST: u32 = 15;

/// The most memory of Argon2, in KiB.
const MOST_ARGON2_MEMORY: u32 = 1024 * 1024;

/// The most memory of Argon2 times its passes, in KiB: some seconds.
const MOST_ARGON2_WORK: u64 = 4 * 1024 * 1024;

/// What bcrypt reads of a password, in bytes.
const LONGEST_BCRYPT_PASSWORD: usize = 72;

/// The hash of a password.
pub(super) enum Hash {
    Bcrypt { text: Box<str>, cost: u32 },
    Argon2(Box<Argon2Hash>),
}

pub(super) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Bcrypt { cost: u32 },
    Argon2 { memory: u32, passes: u32, lanes: u32 },
}

/// Whether a password is that of a hash.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    /// Nobody can tell: more was sent than the hash is made of.
    TooLong,
}

impl Hash {
    /// Reads one; an error says what is wrong, and nothing of what stands there.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if ["$2y$", "$2b$", "$2a$"].iter().any(|prefix| text.starts_with(prefix)) {
            return bcrypt_hash(text);
        }
        if text.starts_with("$argon2") {
            return argon2_hash(text);
        }
        let kind = foreign_kind(text);
        Err(format!("the hash is of a kind that is not taken, {kind}; bcrypt is, which htpasswd -B makes, and Argon2"))
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Bcrypt { cost, .. } => Kind::Bcrypt { cost: *cost },
            Self::Argon2(hash) => {
                let Argon2Hash { params, .. } = &**hash;
                Kind::Argon2 { memory: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() }
            }
        }
    }

    /// Hashes a password and compares: it takes its time.
    pub(super) fn verify(&self, password: &str) -> Result<Match, BoxError> {
        let fits = match self {
            Self::Bcrypt { text, .. } => {
                let fits = bcrypt::verify(password, text).map_err(|error| error.to_string())?;
                // A password that is too long is hashed all the same: the time tells nothing of the user.
                if password.len() > LONGEST_BCRYPT_PASSWORD {
                    return Ok(Match::TooLong);
                }
                fits
            }
            Self::Argon2(hash) => hash.verify(password)?,
        };
        Ok(if fits { Match::Yes } else { Match::No })
    }
}

impl Argon2Hash {
    fn verify(&self, password: &str) -> Result<bool, argon2::Error> {
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let mut buffer = [0; Output::MAX_LENGTH];
        let output = buffer.get_mut(..self.output.len()).ok_or(argon2::Error::OutputTooLong)?;
        argon2.hash_password_into(password.as_bytes(), &self.salt, output)?;
        Ok(output.ct_eq(self.output.as_bytes()).into())
    }
}

fn bcrypt_hash(text: &str) -> Result<Hash, String> {
    let parts: bcrypt::HashParts = text.parse().map_err(|_| "the bcrypt hash can't be read".to_owned())?;
    let cost = parts.get_cost();
    if !(4..=MOST_BCRYPT_COST).contains(&cost) {
        return Err(format!("the cost of the bcrypt hash, {cost}, is not one of 4 to {MOST_BCRYPT_COST}"));
    }
    Ok(Hash::Bcrypt { text: text.into(), cost })
}

fn argon2_hash(text: &str) -> Result<Hash, String> {
    let unreadable = || "the Argon2 hash can't be read".to_owned();
    let hash = PasswordHash::new(text).map_err(|_| unreadable())?;
    let algorithm = Algorithm::new(hash.algorithm.as_str()).map_err(|_| unreadable())?;
    // Before it had a version it was the sixteenth.
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| unreadable())?;
    if ["m", "t", "p"].into_iter().any(|name| hash.params.get(name).is_none()) {
        return Err(unreadable());
    }
    let params = Params::try_from(&hash).map_err(|_| unreadable())?;
    if params.m_cost() > MOST_ARGON2_MEMORY {
        return Err(format!(
            "the Argon2 hash takes {} KiB, and {MOST_ARGON2_MEMORY} at most are taken",
            params.m_cost()
        ));
    }
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    if work > MOST_ARGON2_WORK {
        return Err(format!(
            "the Argon2 hash takes {work} KiB over its passes, and {MOST_ARGON2_WORK} at most are taken"
        ));
    }
    let (Some(salt), Some(output)) = (hash.salt, hash.hash) else { return Err(unreadable()) };
    Ok(Hash::Argon2(Box::new(Argon2Hash { algorithm, version, params, salt, output })))
}

/// What else stands in such files.
fn foreign_kind(text: &str) -> &'static str {
    const KINDS: [(&str, &str); 14] = [
        ("$apr1$", "MD5 as of Apache"),
        ("$1$", "MD5 of crypt"),
        ("$2$", "the first bcrypt"),
        ("$2x$", "bcrypt with a defect"),
        ("$5$", "SHA-256 of crypt"),
        ("$6$", "SHA-512 of crypt"),
        ("$7$", "scrypt"),
        ("$scrypt$", "scrypt"),
        ("$y$", "yescrypt"),
        ("$gy$", "yescrypt"),
        ("$pbkdf2", "PBKDF2"),
        ("$", "unknown"),
        ("{SHA}", "SHA-1"),
        ("{SSHA}", "SHA-1 with a salt"),
    ];
    let known = KINDS.iter().find(|(prefix, _)| text.starts_with(prefix));
    known.map_or("crypt or a plain password", |(_, name)| name)
}
