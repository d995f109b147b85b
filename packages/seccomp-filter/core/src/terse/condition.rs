//! Conditions of the terse form: tests joined by `and`, those by `or`; `in` takes a list.

use super::{
    ast::{Comparison, Test, Value},
    parse::Tokens,
};
use crate::{Op, PolicyError};

/// `a == 1 and b in 2, 3 or c & 4 != 0`: any list of tests.
pub(crate) fn condition<'a>(
    tokens: &mut Tokens<'a, '_>,
) -> Result<Vec<Vec<Test<'a>>>, PolicyError> {
    let mut any = vec![all(tokens)?];
    while tokens.take("or").is_some() {
        any.push(all(tokens)?);
    }
    Ok(any)
}

fn all<'a>(tokens: &mut Tokens<'a, '_>) -> Result<Vec<Test<'a>>, PolicyError> {
    let mut tests = vec![test(tokens)?];
    while tokens.take("and").is_some() {
        tests.push(test(tokens)?);
    }
    Ok(tests)
}

fn test<'a>(tokens: &mut Tokens<'a, '_>) -> Result<Test<'a>, PolicyError> {
    let argument = tokens.word("the name of an argument")?;
    if tokens.take("in").is_some() {
        return Ok(Test {
            argument,
            mask: None,
            comparison: Comparison::In(list(tokens)?),
        });
    }
    if tokens.take("not").is_some() {
        tokens.expect("in")?;
        return Ok(Test {
            argument,
            mask: None,
            comparison: Comparison::NotIn(list(tokens)?),
        });
    }
    let mask = match tokens.take("&") {
        Some(_) => Some(value(tokens)?),
        None => None,
    };
    let op = op(tokens)?;
    Ok(Test {
        argument,
        mask,
        comparison: Comparison::Op(op, value(tokens)?),
    })
}

fn op(tokens: &mut Tokens<'_, '_>) -> Result<Op, PolicyError> {
    let token = tokens.any("a comparison")?;
    Ok(match token.text {
        "==" => Op::Eq,
        "!=" => Op::Ne,
        "<" => Op::Lt,
        "<=" => Op::Le,
        ">" => Op::Gt,
        ">=" => Op::Ge,
        "=" => return Err(token.refuse("equality is written ==")),
        other => {
            let message = format!(
                "{other:?} is no comparison; there are == != < <= > >=, in, not in, and & before one"
            );
            return Err(token.refuse(message));
        }
    })
}

fn list<'a>(tokens: &mut Tokens<'a, '_>) -> Result<Vec<Value<'a>>, PolicyError> {
    let mut values = vec![value(tokens)?];
    while tokens.take(",").is_some() {
        values.push(value(tokens)?);
    }
    Ok(values)
}

fn value<'a>(tokens: &mut Tokens<'a, '_>) -> Result<Value<'a>, PolicyError> {
    let mut items = vec![tokens.word("a number or a constant")?];
    while tokens.take("|").is_some() {
        items.push(tokens.word("a number or a constant")?);
    }
    Ok(Value { items })
}
