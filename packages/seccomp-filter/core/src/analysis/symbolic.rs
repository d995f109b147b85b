//! The diagram of any program that the kernel takes as a filter, whoever compiled it: all its ways are followed at
//! once, registers hold 32 diagrams of one bit each. Jumps go forward only, so one pass finds every state in which
//! an instruction can be reached and one pass back gives each its diagram. See seccomp(2) and the kernel's
//! `seccomp_check_filter` for the operations that a filter may use.

use super::{
    AnalysisError,
    diagram::{Diagrams, Id, NO, bit},
};
use crate::bpf::{Insn, code};
use rustc_hash::FxHashMap;

/// A 32-bit value: its bits, lowest first.
type Word = [Id; 32];

/// What a program's further way depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    a: u32,
    x: u32,
    /// Interned, too: the sixteen memory words.
    memory: u32,
}

/// More states than that are refused.
const MOST_STATES: usize = 1 << 17;

struct Runner<'a> {
    diagrams: &'a mut Diagrams,
    program: &'a [Insn],
    words: Interned<Word>,
    memories: Interned<[u32; 16]>,
}

#[derive(Default)]
struct Interned<T> {
    all: Vec<T>,
    known: FxHashMap<T, u32>,
}

impl<T: Copy + Eq + std::hash::Hash> Interned<T> {
    fn id(&mut self, value: T) -> u32 {
        *self.known.entry(value).or_insert_with(|| {
            self.all.push(value);
            u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
        })
    }
    fn get(&self, id: u32) -> T {
        self.all[id as usize]
    }
}

/// Where an instruction leads.
enum Next {
    One(usize, State),
    Branch(Id, (usize, State), (usize, State)),
    Return(Id),
}

/// The diagram of a program.
///
/// # Errors
/// If the kernel would not load it, or it computes with two arguments at once in a way that cannot be followed.
pub(crate) fn diagram(diagrams: &mut Diagrams, program: &[Insn]) -> Result<Id, AnalysisError> {
    let mut runner = Runner {
        diagrams,
        program,
        words: Interned {
            all: Vec::new(),
            known: FxHashMap::default(),
        },
        memories: Interned {
            all: Vec::new(),
            known: FxHashMap::default(),
        },
    };
    runner.run()
}

impl Runner<'_> {
    fn run(&mut self) -> Result<Id, AnalysisError> {
        let zero = self.constant(0);
        let memory = self.memories.id([zero; 16]);
        let start = State {
            a: zero,
            x: zero,
            memory,
        };
        let mut states: Vec<Vec<(State, Option<Next>)>> = Vec::new();
        states.resize_with(self.program.len(), Vec::new);
        let mut places: FxHashMap<(usize, State), usize> = FxHashMap::default();
        if self.program.is_empty() {
            return Err(AnalysisError::program(0, "the program is empty"));
        }
        let start = self.forget(0, start);
        states[0].push((start, None));
        places.insert((0, start), 0);
        for at in 0..self.program.len() {
            for i in 0..states[at].len() {
                let next = self.step(at, states[at][i].0)?;
                let leads = match next {
                    Next::One(to, state) => vec![(to, state)],
                    Next::Branch(_, yes, no) => vec![yes, no],
                    Next::Return(_) => vec![],
                };
                for (to, state) in leads {
                    if to >= self.program.len() {
                        return Err(AnalysisError::program(at, "it leads past the end"));
                    }
                    if places.len() > MOST_STATES {
                        return Err(AnalysisError::program(at, "too many ways lead here"));
                    }
                    places.entry((to, state)).or_insert_with(|| {
                        states[to].push((state, None));
                        states[to].len() - 1
                    });
                }
                states[at][i].1 = Some(next);
            }
            self.diagrams.check()?;
        }
        self.back(&states, &places)
    }

    fn back(
        &mut self,
        states: &[Vec<(State, Option<Next>)>],
        places: &FxHashMap<(usize, State), usize>,
    ) -> Result<Id, AnalysisError> {
        let mut done: Vec<Vec<Id>> = states.iter().map(|s| vec![NO; s.len()]).collect();
        for at in (0..states.len()).rev() {
            for (i, (_, next)) in states[at].iter().enumerate() {
                let of = |done: &[Vec<Id>], (to, state): (usize, State)| {
                    places.get(&(to, state)).map_or(NO, |&i| done[to][i])
                };
                done[at][i] = match *next {
                    Some(Next::One(to, state)) => of(&done, (to, state)),
                    Some(Next::Branch(condition, yes, no)) => {
                        let (yes, no) = (of(&done, yes), of(&done, no));
                        self.diagrams.choose(condition, yes, no)
                    }
                    Some(Next::Return(end)) => end,
                    None => NO,
                };
            }
            self.diagrams.check()?;
        }
        Ok(done[0][0])
    }

    /// Registers that are not read before they are written do not make two states of one.
    fn forget(&mut self, at: usize, mut state: State) -> State {
        let zero = self.constant(0);
        match self.program.get(at).map(|insn| insn.code) {
            Some(code::LD_ABS | code::LD_IMM | code::LD_LEN | code::LD_MEM | code::TXA) => {
                state.a = zero
            }
            Some(code::RET_K) => {
                state.a = zero;
                state.x = zero;
                state.memory = self.memories.id([zero; 16]);
            }
            _ => {}
        }
        state
    }

    fn step(&mut self, at: usize, state: State) -> Result<Next, AnalysisError> {
        let insn = self.program[at];
        let k = insn.k;
        let to = at + 1;
        let mut state = state;
        match insn.code {
            code::LD_ABS if k < 64 && k.is_multiple_of(4) => {
                let word = std::array::from_fn(|b| {
                    self.diagrams.is_set(bit(k, u32::try_from(b).unwrap_or(0)))
                });
                state.a = self.words.id(word);
            }
            code::LD_IMM => state.a = self.constant(k),
            code::LD_LEN => state.a = self.constant(64),
            code::LDX_IMM => state.x = self.constant(k),
            code::LDX_LEN => state.x = self.constant(64),
            code::TAX => state.x = state.a,
            code::TXA => state.a = state.x,
            code::LD_MEM | code::LDX_MEM | code::ST | code::STX if k < 16 => {
                self.memory(insn, &mut state)
            }
            code::RET_K => return Ok(Next::Return(self.diagrams.end(k))),
            code::RET_A => return self.returned(at, state),
            code::JA => {
                let to = to.saturating_add(k as usize);
                return Ok(Next::One(to, self.forget(to, state)));
            }
            _ if insn.code & 7 == code::JMP => return self.branch(at, state),
            _ if insn.code & 7 == code::ALU => state.a = self.alu(at, state)?,
            _ => {
                return Err(AnalysisError::program(
                    at,
                    "the kernel does not take this operation",
                ));
            }
        }
        Ok(Next::One(to, self.forget(to, state)))
    }

    fn memory(&mut self, insn: Insn, state: &mut State) {
        let mut memory = self.memories.get(state.memory);
        let slot = &mut memory[insn.k as usize];
        match insn.code {
            code::LD_MEM => state.a = *slot,
            code::LDX_MEM => state.x = *slot,
            code::ST => *slot = state.a,
            _ => *slot = state.x,
        }
        state.memory = self.memories.id(memory);
    }

    fn returned(&mut self, at: usize, state: State) -> Result<Next, AnalysisError> {
        let value = self.known(state.a).ok_or_else(|| {
            AnalysisError::program(
                at,
                "its answer is computed from the call, which is not followed",
            )
        })?;
        Ok(Next::Return(self.diagrams.end(value)))
    }

    fn branch(&mut self, at: usize, state: State) -> Result<Next, AnalysisError> {
        let insn = self.program[at];
        let a = self.words.get(state.a);
        let operand = match insn.code & code::X != 0 {
            true => self.words.get(state.x),
            false => self.bits(insn.k),
        };
        let known = self.value_of(&operand).map(u64::from);
        let d = &mut *self.diagrams;
        let condition = match (insn.code & 0xf0, known) {
            (code::EQ, Some(k)) => d.equal(&a, k),
            (code::GT, Some(k)) => d.greater(&a, k, false),
            (code::GE, Some(k)) => d.greater(&a, k, true),
            (code::SET, _) => a.iter().zip(&operand).fold(NO, |sum, (&a, &b)| {
                let both = d.and(a, b);
                d.or(sum, both)
            }),
            (code::EQ | code::GT | code::GE, None) => {
                return Err(AnalysisError::program(
                    at,
                    "it compares two parts of the call with each other, which is not followed",
                ));
            }
            _ => {
                return Err(AnalysisError::program(
                    at,
                    "the kernel does not take this operation",
                ));
            }
        };
        let yes = at + 1 + usize::from(insn.jt);
        let no = at + 1 + usize::from(insn.jf);
        let (yes, no) = ((yes, self.forget(yes, state)), (no, self.forget(no, state)));
        Ok(match condition {
            NO => Next::One(no.0, no.1),
            super::diagram::YES => Next::One(yes.0, yes.1),
            _ => Next::Branch(condition, yes, no),
        })
    }

    fn alu(&mut self, at: usize, state: State) -> Result<u32, AnalysisError> {
        let insn = self.program[at];
        let a = self.words.get(state.a);
        let operand = match insn.code & code::X != 0 {
            true => self.words.get(state.x),
            false => self.bits(insn.k),
        };
        let operation = insn.code & 0xf0;
        if let (Some(a), Some(b)) = (self.value_of(&a), self.value_of(&operand)) {
            let value = crate::machine::alu(operation, a, b).ok_or_else(|| {
                AnalysisError::program(at, "the kernel does not take this operation")
            })?;
            return Ok(self.constant(value));
        }
        let shift = self
            .value_of(&operand)
            .filter(|&s| s < 32)
            .map(|s| s as usize);
        let word = match (operation, shift) {
            (code::AND, _) => std::array::from_fn(|i| self.diagrams.and(a[i], operand[i])),
            (code::OR, _) => std::array::from_fn(|i| self.diagrams.or(a[i], operand[i])),
            (code::XOR, _) => std::array::from_fn(|i| self.differ(a[i], operand[i])),
            (code::LSH, Some(s)) => std::array::from_fn(|i| i.checked_sub(s).map_or(NO, |i| a[i])),
            (code::RSH, Some(s)) => std::array::from_fn(|i| a.get(i + s).copied().unwrap_or(NO)),
            (code::ADD, _) => self.sum(&a, &operand, NO),
            (code::SUB, _) => {
                let inverse = operand.map(|b| self.diagrams.not(b));
                self.sum(&a, &inverse, super::diagram::YES)
            }
            (code::NEG, _) => {
                let inverse = a.map(|b| self.diagrams.not(b));
                let zero = self.bits(0);
                self.sum(&zero, &inverse, super::diagram::YES)
            }
            _ => {
                return Err(AnalysisError::program(
                    at,
                    "it multiplies, divides or shifts by a part of the call, which is not followed",
                ));
            }
        };
        Ok(self.words.id(word))
    }

    fn differ(&mut self, a: Id, b: Id) -> Id {
        let not = self.diagrams.not(b);
        self.diagrams.choose(a, not, b)
    }

    fn sum(&mut self, a: &Word, b: &Word, carry: Id) -> Word {
        let mut carry = carry;
        std::array::from_fn(|i| {
            let half = self.differ(a[i], b[i]);
            let digit = self.differ(half, carry);
            carry = self.diagrams.choose(half, carry, a[i]);
            digit
        })
    }

    fn bits(&mut self, value: u32) -> Word {
        std::array::from_fn(|i| value >> i & 1)
    }

    fn constant(&mut self, value: u32) -> u32 {
        let bits = self.bits(value);
        self.words.id(bits)
    }

    fn known(&self, id: u32) -> Option<u32> {
        self.value_of(&self.words.get(id))
    }

    fn value_of(&self, word: &Word) -> Option<u32> {
        let all = word.iter().all(|&bit| bit <= 1);
        all.then(|| {
            word.iter()
                .enumerate()
                .fold(0, |sum, (i, &bit)| sum | bit << i)
        })
    }
}
