//! Planning acts about operators and their tokens.

use serde_json::json;
use weir_acts::Digest;
use weir_acts::act::{Act, private, public};
use weir_acts::governed::Operator;
use weir_acts::id::{OperatorId, TokenId};

use super::{Plan, Planner, open, parts};
use crate::command::OperatorAdd;
use crate::names::check_name;
use crate::refusal::Refusal;
use crate::secrets::OperatorToken;

impl Planner<'_> {
    pub(super) fn operator_add(&self, command: &OperatorAdd) -> Result<Plan, Refusal> {
        check_name("an operator's name", &command.name)?;
        if command.roles.is_empty() {
            return Err(Refusal::invalid("an operator needs at least one role"));
        }
        if self.operator(&command.name).is_ok() {
            return Err(Refusal::conflict(format!("there is an operator `{}` already", command.name)));
        }
        let mut roles = command.roles.clone();
        roles.sort_unstable();
        roles.dedup();
        let id = OperatorId::random()?;
        let added =
            Act::OperatorAdd(parts(public::OperatorAdd { roles }, private::OperatorAdd { name: command.name.clone() }));
        let mut plan = Plan::one(self.entry(id, added), id);
        self.add_token(&mut plan, id)?;
        Ok(plan)
    }

    pub(super) fn operator_revoke(&self, name: &str) -> Result<Plan, Refusal> {
        let operator = self.operator(name)?;
        let others_may_add = self.state.operators.values().any(|other| {
            other.id != operator.id
                && other.life.holds(self.at)
                && other.roles.contains(&weir_acts::words::Role::Operator)
                && other.tokens.values().any(|token| token.life.holds(self.at))
        });
        if !others_may_add {
            return Err(Refusal::conflict(format!(
                "`{name}` is the last with role operator and a valid token: nobody could add operators any more"
            )));
        }
        let act = Act::OperatorRevoke(open(public::OperatorRevoke {}));
        Ok(Plan::one(self.entry(operator.id, act), operator.id))
    }

    pub(super) fn token_issue(&self, name: &str) -> Result<Plan, Refusal> {
        let id = self.operator(name)?.id;
        let mut plan = Plan { id: Some(id.to_string()), ..Plan::default() };
        self.add_token(&mut plan, id)?;
        Ok(plan)
    }

    pub(super) fn token_revoke(&self, name: &str) -> Result<Plan, Refusal> {
        let operator = self.operator(name)?;
        let tokens: Vec<TokenId> =
            operator.tokens.iter().filter(|(_, token)| token.life.holds(self.at)).map(|(id, _)| *id).collect();
        if tokens.is_empty() {
            return Err(Refusal::conflict(format!("`{name}` has no valid token")));
        }
        let act = Act::TokenRevoke(open(public::TokenRevoke { tokens }));
        Ok(Plan::one(self.entry(operator.id, act), operator.id))
    }

    fn add_token(&self, plan: &mut Plan, operator: OperatorId) -> Result<(), Refusal> {
        let token = OperatorToken::random()?;
        let act = Act::TokenIssue(parts(
            public::TokenIssue { token: token.id() },
            private::TokenIssue { digest: Digest::of(token.text().as_bytes()) },
        ));
        plan.entries.push(self.entry(operator, act));
        plan.extras.insert("token".into(), json!(token.text()));
        plan.secrets = &["token"];
        Ok(())
    }

    fn operator(&self, name: &str) -> Result<&Operator, Refusal> {
        self.state
            .operators
            .values()
            .find(|operator| operator.life.holds(self.at) && operator.name.as_deref() == Some(name))
            .ok_or_else(|| Refusal::not_found(format!("there is no operator `{name}`")))
    }
}
