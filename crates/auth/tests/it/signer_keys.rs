//! Keys that are good, and keys that are not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use towerkit_auth::{Algorithm, InvalidKey, SigningKey};

use crate::jwt::issuer::{ALL, SECRET, Signer};

fn rsa() -> Signer {
    Signer::new(Algorithm::RS256)
}

fn p256() -> Signer {
    Signer::new(Algorithm::ES256)
}

/// What is wrong with a key.
fn wrong(key: Result<SigningKey, InvalidKey>) -> String {
    key.unwrap_err().to_string().replace("the key can't be used: ", "")
}

#[test]
fn a_secret_is_as_long_as_the_hash() {
    for (algorithm, hash) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        assert!(SigningKey::hmac(algorithm, &SECRET[..hash]).is_ok());
        let short = wrong(SigningKey::hmac(algorithm, &SECRET[..hash - 1]));
        assert_eq!(short, "the secret is shorter than the algorithm's hash");
    }
}

#[test]
fn a_key_is_for_the_algorithms_of_its_family_alone() {
    let (rsa, p256) = (rsa().private, p256().private);
    let (p384, ed25519) = (Signer::new(Algorithm::ES384).private, Signer::new(Algorithm::EdDSA).private);
    for algorithm in ALL {
        let name = format!("{algorithm:?}");
        assert_eq!(SigningKey::hmac(algorithm, SECRET).is_ok(), name.starts_with("HS"), "{name}");
        let is_rsa = name.starts_with("RS") || name.starts_with("PS");
        assert_eq!(SigningKey::rsa_pem(algorithm, rsa.as_bytes()).is_ok(), is_rsa, "{name}");
        assert_eq!(SigningKey::ec_pem(algorithm, p256.as_bytes()).is_ok(), name == "ES256", "{name}");
        assert_eq!(SigningKey::ec_pem(algorithm, p384.as_bytes()).is_ok(), name == "ES384", "{name}");
        for other in [&p256, &ed25519] {
            assert!(SigningKey::rsa_pem(algorithm, other.as_bytes()).is_err(), "{name}");
        }
        for other in [&rsa, &ed25519] {
            assert!(SigningKey::ec_pem(algorithm, other.as_bytes()).is_err(), "{name}");
        }
    }
    for other in [&rsa, &p256] {
        assert_eq!(wrong(SigningKey::ed_pem(other.as_bytes())), "it is no private key of Ed25519, in PEM");
    }
    let crossed = wrong(SigningKey::ec_pem(Algorithm::ES256, p384.as_bytes()));
    assert_eq!(crossed, "it is not on the curve of the algorithm");
}

#[test]
fn keys_of_rsa_may_be_pkcs_1() {
    // The one of PKCS#8 has 26 bytes before the one of PKCS#1 (RFC 5958; 2048 bits).
    let pem = rsa().private;
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(base64).unwrap();
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", wrapped(&der[26..]));
    assert!(SigningKey::rsa_pem(Algorithm::PS512, pem.as_bytes()).is_ok());
}

fn wrapped(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn keys_as_openssl_writes_them_are_read() {
    // openssl genpkey -algorithm ed25519: without the public key (RFC 8410, section 7), which others add.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIOYMOgnjcoVL6Rz4+jyWORa6+AhbQ5uVh0ryJWTSkoYb\n\
               -----END PRIVATE KEY-----\n";
    assert!(SigningKey::ed_pem(pem.as_bytes()).is_ok());
}

#[test]
fn short_keys_of_rsa_are_refused() {
    // openssl genrsa -traditional 1024
    let pem = "-----BEGIN RSA PRIVATE KEY-----
MIICXwIBAAKBgQDcs2YizaToFEl/HGg/J7WI89JltYcSDUpW6FPbFLLU5+3yWiMi
GYNrRnasNYty8vMPejv7G/uw0hUVqgXLz0gUgPKIsIjlyaDRmGUXYggITOuPdQGw
5NPaong8EBI+NamD9A3IG8Ux77uJC/QwM2vVG03HrjgR7i6Gv/+wFLEf+wIDAQAB
AoGBAM2tkv3UUF7IqUYAn1ZcF14ufGG1Ls+v+xvLIHsHazHng2Vcg2mABW2wGWCb
9f2GVOaTr9pxVbqPzn6GGSi7YBugGisTrNdmh9VMp9U/JFf/wvTDXlAW6R3J9hX7
Wr90Etgre/KSdAuT+qZ6QlZyr34N/jsJBNEFMn/CjXT3DNEBAkEA+RQD/59dP1b0
8WMyOvZYxJmBhV/LdlqCwJobtlrdHmp7OmXsby+lrKhuSHg0WI3ZZfRAPblLuip0
mEtNM8PqmwJBAOLVgGy99mB6MvHleAKhQaobv0briOUWn0aZKwY8QTk87/O7jK3y
sPZx1sHFULhaxPpbfILaxwh1uT2YjoS0xiECQQCjIcvYoNymvmIgstJUMcJDyTI+
U1ZjxrX6RTS/Q1WtNRpOTjEDRVah9ZJ9XlUSZp0rHETy6ChD3siMck03CSrfAkEA
xTFPxLjbj4GL+kg/LSIcoJIglbm6t1UUP951zaTiGq1D+EHqCWo6tvO9+5PaGXon
VXHk6yjf8BXPZKHT+7/foQJBAIosEcRgNTykhu+ryQ+Kpx3Sz/cQpm/0f2ORNGhy
xXuWWtdfSMhOlcIMbRAz7EKvDCxnkKGI4wxy2NBPQ6A/uws=
-----END RSA PRIVATE KEY-----
";
    assert_eq!(wrong(SigningKey::rsa_pem(Algorithm::RS256, pem.as_bytes())), "it has less than 2048 bits");
}

#[test]
fn keys_of_other_curves_are_refused() {
    // openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1: its keys are as long as those of P-256.
    let pem = "-----BEGIN PRIVATE KEY-----
MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXoIKeSqImMkVrliPlAlA
w5qnI1YA5zCj8OWGGOBupAqhRANCAARK2KPItkMdoC/Vs8S/9Vhh0OF9WLK+AEF+
ox5v+YhG2FvWTRFSBiIfKbt6+deR/9xVUhhRDczslVRH9jRwimS4
-----END PRIVATE KEY-----
";
    for algorithm in [Algorithm::ES256, Algorithm::ES384] {
        let refused = wrong(SigningKey::ec_pem(algorithm, pem.as_bytes()));
        assert_eq!(refused, "it is not on the curve of the algorithm");
    }
}

#[test]
fn what_is_no_private_key_is_refused_with_what_it_is() {
    let begin = |what: &str| format!("-----BEGIN {what}-----\nMAA=\n-----END {what}-----\n");
    for (pem, what) in [
        (begin("EC PRIVATE KEY"), "it is an EC PRIVATE KEY (SEC 1): make it a PRIVATE KEY (PKCS#8)"),
        (begin("ENCRYPTED PRIVATE KEY"), "it is encrypted: to sign takes it in plain text"),
        (p256().public, "it is a public key: to sign takes the private one"),
        (begin("CERTIFICATE"), "it is a public key: to sign takes the private one"),
        (String::new(), "it is no PRIVATE KEY, in PEM"),
        (begin("PRIVATE KEY"), "it is no private key of a curve, in PEM"),
    ] {
        assert_eq!(wrong(SigningKey::ec_pem(Algorithm::ES256, pem.as_bytes())), what);
    }
    let public = rsa().public;
    assert!(SigningKey::rsa_pem(Algorithm::RS256, public.as_bytes()).is_err());
}
