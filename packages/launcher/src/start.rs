//! The words of the launcher: what the addon passes as descriptor numbers, or, from a shell, a
//! saved plan. Nothing is done here but reading.

use crate::{environment::Environment, kinds};
use rustix::fs::{Mode as FileMode, OFlags};
use srcon_step::{Plan, Refusal, page::Page};
use std::{
    ffi::CStr,
    os::fd::{AsFd, BorrowedFd, RawFd},
};

const USAGE: &str = "usage: srcon-launch PLAN.json [-- COMMAND [ARG…]]
       srcon-launch --check [--json] PLAN.json
";

/// Everything the launcher was told.
pub struct Start {
    /// The plan, parsed, validated and checked for order.
    pub plan: Plan,
    /// The command's words; never empty.
    pub argv: Vec<Vec<u8>>,
    /// The command's environment.
    pub environment: Environment,
    /// Where the status is recorded.
    pub page: &'static Page,
    /// Whether somebody else reads the page (a library); else we speak for ourselves.
    pub watched: bool,
    /// The descriptors that our words name, `keep` aside.
    pub descriptors: Vec<RawFd>,
    /// Descriptors that the command inherits.
    pub keep: Vec<RawFd>,
    /// Soft and hard limit of open files for the command.
    pub nofile: Option<(u64, u64)>,
    /// Die with this parent.
    pub parent: Option<i32>,
    /// A command of the caller's that explains a failure, from outside.
    pub explain: Vec<Vec<u8>>,
    /// The plan as text, for the explainer.
    pub text: Vec<u8>,
    /// Our own words, to be blanked in an init that the container can see.
    pub words: Vec<&'static CStr>,
}

/// What the words ask for.
pub enum Mode {
    /// Carry a plan out.
    Carry(Box<Start>),
    /// Print this and end well.
    Say(String),
}

/// Reads the words; the refusal of a plan is recorded in its page and, if asked, explained.
///
/// # Errors
/// What is wrong with the words or with the plan.
pub fn read(words: &[&'static CStr], environment: Vec<&'static CStr>) -> Result<Mode, Refusal> {
    let rest: Vec<&[u8]> = words.iter().skip(1).map(|w| w.to_bytes()).collect();
    match rest.as_slice() {
        [] => Err(Refusal::plan("no plan given").because("", USAGE.trim_end())),
        [b"--help" | b"-h", ..] => Ok(Mode::Say(USAGE.to_owned())),
        [b"--version", ..] => Ok(Mode::Say(
            concat!("srcon-launch ", env!("CARGO_PKG_VERSION"), "\n").to_owned(),
        )),
        [b"--check", b"--json", file] => Ok(check_json(file)),
        [b"--check", file] => {
            let text = read_file(file)?;
            parse(&text).map(|_| Mode::Say(String::new()))
        }
        [word, tail @ ..] if word.starts_with(b"@") => {
            let start = from_descriptors(&word[1..], tail, words, environment)?;
            Ok(Mode::Carry(Box::new(start)))
        }
        [word, ..] if word.starts_with(b"-") => {
            let what = format!("unknown option {}", String::from_utf8_lossy(word));
            Err(Refusal::plan(what).because("", USAGE.trim_end()))
        }
        [file, tail @ ..] => {
            let text = read_file(file)?;
            let plan = parse(&text)?;
            let argv = command_of(tail, &plan)?;
            let page = crate::status::own_page()?;
            Ok(Mode::Carry(Box::new(Start {
                plan,
                argv,
                environment: Environment::new(&environment),
                page,
                watched: false,
                descriptors: Vec::new(),
                keep: Vec::new(),
                nofile: None,
                parent: None,
                explain: Vec::new(),
                text,
                words: words.to_vec(),
            })))
        }
    }
}

/// The form of the addon: `@plan=5,page=6,…`, then explain words, then `--` and the command.
fn from_descriptors(
    list: &[u8],
    tail: &[&[u8]],
    words: &[&'static CStr],
    environment: Vec<&'static CStr>,
) -> Result<Start, Refusal> {
    let given = Given::parse(list)?;
    let page = match given.page {
        Some(fd) => crate::status::map_page(fd)?,
        None => crate::status::own_page()?,
    };
    if tail.len() < given.explain {
        return Err(Refusal::plan("fewer words than explain= says"));
    }
    let (explain, tail) = tail.split_at(given.explain);
    let explain: Vec<Vec<u8>> = explain.iter().map(|w| w.to_vec()).collect();
    // SAFETY: the caller passes the descriptor to us, and it is never closed by hand.
    let text = read_all(unsafe { BorrowedFd::borrow_raw(given.plan) })?;
    let plan = parse(&text).and_then(|plan| command_of(tail, &plan).map(|argv| (plan, argv)));
    let (plan, argv) = plan.inspect_err(|refusal| {
        page.refuse(refusal);
        if given.page.is_some() {
            crate::process::end(crate::FAILED);
        }
        crate::explain::instead(&explain, page, &text);
    })?;
    Ok(Start {
        plan,
        argv,
        environment: Environment::new(&environment),
        page,
        watched: given.page.is_some(),
        descriptors: [Some(given.plan), given.page, given.done]
            .into_iter()
            .flatten()
            .collect(),
        keep: given.keep,
        nofile: given.nofile,
        parent: given.parent,
        explain,
        text,
        words: words.to_vec(),
    })
}

#[derive(Default)]
struct Given {
    plan: RawFd,
    page: Option<RawFd>,
    done: Option<RawFd>,
    keep: Vec<RawFd>,
    nofile: Option<(u64, u64)>,
    parent: Option<i32>,
    explain: usize,
}

impl Given {
    fn parse(list: &[u8]) -> Result<Self, Refusal> {
        let wrong = || Refusal::plan(format!("cannot read @{}", String::from_utf8_lossy(list)));
        let text = std::str::from_utf8(list).map_err(|_| wrong())?;
        let mut given = Self {
            plan: -1,
            ..Self::default()
        };
        for pair in text.split(',') {
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            let number = || {
                value
                    .parse::<RawFd>()
                    .ok()
                    .filter(|n| *n >= 0)
                    .ok_or_else(wrong)
            };
            match name {
                "plan" => given.plan = number()?,
                "page" => given.page = Some(number()?),
                "done" => given.done = Some(number()?),
                "parent" => given.parent = Some(number()?),
                "explain" => given.explain = value.parse().map_err(|_| wrong())?,
                "keep" => {
                    for fd in value.split(':') {
                        given.keep.push(fd.parse().map_err(|_| wrong())?);
                    }
                }
                "nofile" => {
                    let (soft, hard) = value.split_once(':').ok_or_else(wrong)?;
                    let parse = |v: &str| v.parse::<u64>().map_err(|_| wrong());
                    given.nofile = Some((parse(soft)?, parse(hard)?));
                }
                _ => return Err(wrong()),
            }
        }
        if given.plan < 0 {
            return Err(wrong());
        }
        Ok(given)
    }
}

fn check_json(file: &[u8]) -> Mode {
    match read_file(file).and_then(|text| parse(&text)) {
        Ok(_) => Mode::Say("{\"ok\":true}\n".to_owned()),
        Err(r) => {
            let value = serde_json::json!({ "ok": false, "step": r.step, "what": r.what, "why": r.why, "fix": r.fix });
            Mode::Say(format!("{value}\n"))
        }
    }
}

fn parse(text: &[u8]) -> Result<Plan, Refusal> {
    let plan = Plan::parse(text, kinds::ALL)?;
    crate::hygiene::same_host(&plan.facts)?;
    plan.check_order(crate::hygiene::may_mount())?;
    Ok(plan)
}

fn command_of(tail: &[&[u8]], plan: &Plan) -> Result<Vec<Vec<u8>>, Refusal> {
    let argv: Vec<Vec<u8>> = match tail {
        [] => plan.argv.iter().map(|w| w.as_bytes().to_vec()).collect(),
        [b"--", command @ ..] => command.iter().map(|w| w.to_vec()).collect(),
        [word, ..] => {
            let what = format!(
                "put -- before the command: … -- {}",
                String::from_utf8_lossy(word)
            );
            return Err(Refusal::plan(what));
        }
    };
    if argv.is_empty() || argv[0].is_empty() {
        return Err(Refusal::plan("no command").because(
            "neither the plan nor the command line names one",
            "srcon-launch PLAN.json -- COMMAND",
        ));
    }
    Ok(argv)
}

fn read_file(path: &[u8]) -> Result<Vec<u8>, Refusal> {
    let fd = rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY,
        FileMode::empty(),
    )
    .map_err(|e| {
        Refusal::plan(format!(
            "cannot read {}: {e}",
            String::from_utf8_lossy(path)
        ))
    })?;
    read_all(fd.as_fd())
}

/// Reads a plan, at most one byte more than a plan may have: the parser then says that it is too large.
fn read_all(fd: BorrowedFd<'_>) -> Result<Vec<u8>, Refusal> {
    const LIMIT: usize = srcon_step::plan::MAX_BYTES + 1;
    let size = rustix::fs::fstat(fd)
        .ok()
        .and_then(|s| usize::try_from(s.st_size).ok())
        .unwrap_or(0);
    let mut text = vec![0; size.clamp(4096, LIMIT) + 1];
    let mut at = 0;
    loop {
        if at == text.len() {
            text.resize((at * 2).min(LIMIT + 1), 0);
        }
        match rustix::io::read(fd, &mut text[at..]) {
            Ok(0) => break,
            Ok(n) => at += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(Refusal::plan(format!("cannot read the plan: {e}"))),
        }
        if at > LIMIT {
            break;
        }
    }
    text.truncate(at);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Given, command_of, parse};

    #[test]
    fn the_addon_s_words_are_read() {
        let given =
            Given::parse(b"plan=5,page=6,done=7,keep=3:4,nofile=1024:4096,parent=9,explain=2");
        let given = given.expect("all known");
        assert_eq!((given.plan, given.page, given.done), (5, Some(6), Some(7)));
        assert_eq!(
            (given.keep.as_slice(), given.nofile),
            (&[3, 4][..], Some((1024, 4096)))
        );
        assert_eq!((given.parent, given.explain), (Some(9), 2));
    }

    #[test]
    fn odd_words_are_refused() {
        let odd = [
            "",
            "plan",
            "plan=",
            "plan=-1",
            "plan=1e3",
            "plan=99999999999",
            "page=3",
            "plan=1,,",
            "plan=1,other=2",
            "plan=1,keep=",
            "plan=1,keep=a:b",
            "plan=1,nofile=1",
            "plan=1,explain=-1",
        ];
        for list in odd {
            assert!(Given::parse(list.as_bytes()).is_err(), "{list}");
        }
        assert!(Given::parse(b"plan=1,\xff=2").is_err());
    }

    #[test]
    fn the_command_line_comes_before_the_plan() {
        let plan = parse(br#"{"version":1,"steps":[],"argv":["saved"]}"#).expect("a plan");
        let words = |tail: &[&[u8]]| command_of(tail, &plan).map_err(|r| r.what);
        assert_eq!(words(&[]), Ok(vec![b"saved".to_vec()]));
        assert_eq!(
            words(&[b"--", b"a", b"--"]),
            Ok(vec![b"a".to_vec(), b"--".to_vec()])
        );
        assert!(words(&[b"a"]).is_err_and(|what| what.contains("-- a")));
        assert!(words(&[b"--"]).is_err_and(|what| what == "no command"));
    }
}
