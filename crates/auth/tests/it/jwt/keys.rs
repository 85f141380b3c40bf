use serde_json::json;
use towerkit_auth::{Algorithm, VerifyingKey};

use super::issuer::{ALL, SECRET, Signer, base64url};

const SECP256K1: &str = "-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAETnwYpKoNl9EWl6J6cKp9KAzBIvdp6nNZ
dn1I4p3VSNu0ru04e7TctLZlqOESqRncomjz1YnWvL1KyYRQH2hiJQ==
-----END PUBLIC KEY-----
";

const P521: &str = "-----BEGIN PUBLIC KEY-----
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAWuXK86YM+DjM4qSdyow2syqt+HKz
pCDR7lXk0M3HUuDBxTHdVTeKbvDa7zJByhkX62sGjzafwvHH/0H3zvWvG1IB8IrB
aSgqOwWu5AblYLvVTseXyHFv7NqY1vJpTCM9tyEtf0S+Vp27g0wqXnCNvYkcBJ18
FVpcr+/AE1lyb407aRM=
-----END PUBLIC KEY-----
";

const RSA1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCyabR/EQDZdycqIiK3Wh6wxS/J
HvVzdCtYgM75WEqcdf7BWAi1t2qRhL+kwTbHoReSkymzZLO8ukA7cSyV+eV4KJvH
H//9DWUblcETW8bT+ExPPDKd4ygoVh95qO+3YdJbBN9/zPUBWjRHVhyd3exJ7gzx
2fPcJ6RZMq3bfG13vwIDAQAB
-----END PUBLIC KEY-----
";

#[test]
fn a_secret_shorter_than_the_hash_is_refused() {
    for (algorithm, least) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        assert!(VerifyingKey::hmac(algorithm, &SECRET[..least]).is_ok());
        assert!(VerifyingKey::hmac(algorithm, &SECRET[..least - 1]).is_err());
        assert!(VerifyingKey::hmac(algorithm, b"").is_err());
    }
}

#[test]
fn a_key_is_for_algorithms_of_its_kind_alone() {
    let (rsa, p256, p384) =
        (Signer::new(Algorithm::RS256), Signer::new(Algorithm::ES256), Signer::new(Algorithm::ES384));
    for algorithm in ALL {
        let name = format!("{algorithm:?}");
        assert_eq!(VerifyingKey::hmac(algorithm, SECRET).is_ok(), name.starts_with("HS"), "{name}");
        let is_rsa = name.starts_with("RS") || name.starts_with("PS");
        assert_eq!(VerifyingKey::rsa_pem(algorithm, rsa.public.as_bytes()).is_ok(), is_rsa, "{name}");
        assert_eq!(VerifyingKey::ec_pem(algorithm, p256.public.as_bytes()).is_ok(), name == "ES256", "{name}");
        assert_eq!(VerifyingKey::ec_pem(algorithm, p384.public.as_bytes()).is_ok(), name == "ES384", "{name}");
        assert!(VerifyingKey::rsa_pem(algorithm, p256.public.as_bytes()).is_err());
        assert!(VerifyingKey::ec_pem(algorithm, rsa.public.as_bytes()).is_err());
    }
    assert!(VerifyingKey::ed_pem(Signer::new(Algorithm::EdDSA).public.as_bytes()).is_ok());
    assert!(VerifyingKey::ed_pem(p256.public.as_bytes()).is_err());
}

#[test]
fn a_key_of_another_curve_or_too_short_is_refused() {
    for algorithm in [Algorithm::ES256, Algorithm::ES384] {
        assert!(VerifyingKey::ec_pem(algorithm, SECP256K1.as_bytes()).is_err());
        assert!(VerifyingKey::ec_pem(algorithm, P521.as_bytes()).is_err());
    }
    let error = VerifyingKey::rsa_pem(Algorithm::RS256, RSA1024.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the key can't be used: it has less than 2048 bits");
}

#[test]
fn a_private_key_is_no_key_to_verify_with_and_is_not_told() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let pem = Signer::new(algorithm).private;
        let key = match algorithm {
            Algorithm::RS256 => VerifyingKey::rsa_pem(algorithm, pem.as_bytes()),
            Algorithm::ES256 => VerifyingKey::ec_pem(algorithm, pem.as_bytes()),
            _ => VerifyingKey::ed_pem(pem.as_bytes()),
        };
        let expected = "the key can't be used: it is a private key: to verify takes the public one";
        assert_eq!(key.unwrap_err().to_string(), expected);
    }
    for other in ["", "no PEM", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----"]
    {
        assert!(VerifyingKey::rsa_pem(Algorithm::RS256, other.as_bytes()).is_err());
        assert!(VerifyingKey::ec_pem(Algorithm::ES256, other.as_bytes()).is_err());
        assert!(VerifyingKey::ed_pem(other.as_bytes()).is_err());
    }
}

#[test]
fn a_key_is_read_from_a_json_web_key() {
    // RFC 8037, appendix A.2.
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let key =
        VerifyingKey::from_jwk(json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "a"}).to_string().as_bytes());
    let key = key.unwrap();
    assert_eq!((key.kid(), key.algorithm()), (Some("a"), Algorithm::EdDSA));
    for other in [
        json!({"kty": "OKP", "crv": "Ed448", "x": x}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "ES256"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "key_ops": ["sign"]}),
        json!({"kty": "oct", "k": base64url(SECRET), "alg": "HS256"}),
        json!([]),
    ] {
        let error = VerifyingKey::from_jwk(other.to_string().as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("nWGxne"), "{error:?}");
    }
}

#[test]
fn nothing_shows_the_key_itself() {
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256] {
        let signer = Signer::new(algorithm).kid("a");
        let shown = format!("{:?} {:#?}", signer.key(), signer.key());
        assert!(shown.len() < 200, "{shown}");
        assert!(shown.contains(r#"kid: Some("a"), algorithm: "#), "{shown}");
    }
}
