//! Whether a signature is that of a public key: Ed25519 (RFC 8032).

use ed25519_dalek::{Signature, VerifyingKey};

/// Whether `signature` is that of `public_key` (32 bytes) over `message`. Keys under which anything would verify are refused.
pub fn verifies(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = public_key.try_into().ok().and_then(|key| VerifyingKey::from_bytes(key).ok());
    let signature = Signature::from_slice(signature).ok();
    key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::unhex;

    #[test]
    fn a_signature_is_the_one_of_the_standard() {
        // RFC 8032, section 7.1, test 2.
        let key = unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c").unwrap();
        let signature = unhex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        )
        .unwrap();
        assert!(verifies(&key, &[0x72], &signature));
        assert!(!verifies(&key, &[0x73], &signature));
        assert!(!verifies(&key, &[0x72], &signature[1..]));
        assert!(!verifies(&key[1..], &[0x72], &signature));
    }
}
