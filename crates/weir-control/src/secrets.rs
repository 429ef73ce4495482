//! Secrets the control plane makes: operator tokens. They are shown once and
//! kept only as digests; they never print.

use weir_acts::hex;
use weir_acts::id::TokenId;
use zeroize::Zeroizing;

/// What an operator token begins with, so that secret scanners know it.
pub const TOKEN_PREFIX: &str = "weirop_";

/// An operator's token: `weirop_`, 20 hex digits of its public id, `_`, and
/// 256 random bits in hex.
pub struct OperatorToken {
    id: TokenId,
    text: Zeroizing<String>,
}

impl std::fmt::Debug for OperatorToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OperatorToken").field("id", &self.id).finish_non_exhaustive()
    }
}

impl OperatorToken {
    /// A fresh token.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random() -> Result<OperatorToken, getrandom::Error> {
        let id = TokenId::random()?;
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut())?;
        let text = format!("{TOKEN_PREFIX}{}_{}", hex::encode(id.bytes()), hex::encode(secret.as_ref()));
        Ok(OperatorToken { id, text: Zeroizing::new(text) })
    }

    /// Its public id.
    pub const fn id(&self) -> TokenId {
        self.id
    }

    /// The token itself, to be shown once.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The public id inside a token that someone presents; none when the text
    /// does not have a token's form.
    pub fn id_of(presented: &str) -> Option<TokenId> {
        let (id, secret) = presented.strip_prefix(TOKEN_PREFIX)?.split_once('_')?;
        hex::decode::<32>(secret)?;
        hex::decode::<10>(id).map(TokenId::from_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_id_and_never_prints() {
        let token = OperatorToken::random().unwrap();
        assert_eq!(OperatorToken::id_of(token.text()), Some(token.id()));
        assert!(!format!("{token:?}").contains(&token.text()[28..]));
        for wrong in ["", "weirop_", "weirop_ab_cd", "weir_x", &token.text()[..90]] {
            assert_eq!(OperatorToken::id_of(wrong), None, "{wrong}");
        }
    }
}
