//! Decision graph to instructions. Emitted from the end, because classic BPF jumps forward only and
//! a conditional jump reaches 255 instructions: what is farther away gets a stepping stone (for a
//! verdict a copy of it, else a JUMP). A word is loaded again only where the accumulator may hold
//! another one.

use crate::{
    bpf::{self, Insn},
    graph::{FULL, Graph, Id, Node, Test},
};
/// Where a node can be entered: at its comparison, at the AND before it, at the load.
#[derive(Debug, Clone, Copy)]
enum Door {
    Compare,
    Mask,
    Load,
}

/// A place in the reversed program.
type Place = usize;

struct Emitter<'a> {
    graph: &'a Graph,
    /// The program, last instruction first.
    reversed: Vec<Insn>,
    lines: Vec<Vec<u32>>,
    /// Nearest way to each node's doors.
    places: Vec<[Option<Place>; 3]>,
}

/// The program of a graph, and for each instruction the lines of the policy that it was made for.
pub(crate) fn emit(graph: &Graph, root: Id) -> (Vec<Insn>, Vec<Vec<u32>>) {
    let order = children_first(graph, root);
    let doors = doors(graph, &order, root);
    let mut emitter = Emitter {
        graph,
        reversed: Vec::new(),
        lines: Vec::new(),
        places: vec![[None; 3]; graph.nodes.len()],
    };
    for id in order {
        match graph.nodes[id as usize] {
            Node::Test(test) => emitter.test(id, &test, doors[id as usize]),
            Node::Verdict(_) if id == root => drop(emitter.target(id, Door::Load)),
            // Verdicts come into being beside their first use.
            Node::Verdict(_) => {}
        }
    }
    emitter.reversed.reverse();
    emitter.lines.reverse();
    (emitter.reversed, emitter.lines)
}

/// Every node that can be reached, each after those it leads to. Without recursion: a call may have
/// thousands of rules.
fn children_first(graph: &Graph, root: Id) -> Vec<Id> {
    let mut order = Vec::new();
    let mut seen = vec![false; graph.nodes.len()];
    let mut stack = vec![(root, false)];
    while let Some((id, done)) = stack.pop() {
        if done {
            order.push(id);
            continue;
        }
        if std::mem::replace(&mut seen[id as usize], true) {
            continue;
        }
        stack.push((id, true));
        if let Node::Test(test) = graph.nodes[id as usize] {
            stack.push((test.no, false));
            stack.push((test.yes, false));
        }
    }
    order
}

/// Which doors each node needs: (mask, load).
fn doors(graph: &Graph, order: &[Id], root: Id) -> Vec<(bool, bool)> {
    let mut doors = vec![(false, false); graph.nodes.len()];
    doors[root as usize].1 = true;
    for &id in order {
        let Node::Test(from) = graph.nodes[id as usize] else {
            continue;
        };
        for next in [from.yes, from.no] {
            match door(graph, &from, next) {
                Door::Compare => {}
                Door::Mask => doors[next as usize].0 = true,
                Door::Load => doors[next as usize].1 = true,
            }
        }
    }
    doors
}

/// Where to enter `next` when the accumulator holds what `from` has compared.
fn door(graph: &Graph, from: &Test, next: Id) -> Door {
    match graph.nodes[next as usize] {
        Node::Test(to) if to.word != from.word => Door::Load,
        Node::Test(to) if to.mask == from.mask => Door::Compare,
        Node::Test(_) if from.mask == FULL => Door::Mask,
        Node::Test(_) => Door::Load,
        Node::Verdict(_) => Door::Compare,
    }
}

impl Emitter<'_> {
    fn push(&mut self, code: u16, jt: u8, jf: u8, k: u32, lines: &[u32]) -> Place {
        self.reversed.push(Insn { code, jt, jf, k });
        self.lines.push(lines.to_vec());
        self.reversed.len() - 1
    }

    fn place(&mut self, (id, door): (Id, Door), place: Place) {
        self.places[id as usize][door as usize] = Some(place);
    }

    fn test(&mut self, id: Id, test: &Test, (mask, load): (bool, bool)) {
        let line = &self.graph.lines[id as usize];
        let (jt, jf) = self.jumps(test);
        let place = self.push(test.code, jt, jf, test.k, line);
        self.place((id, Door::Compare), place);
        if test.mask != FULL && (mask || load) {
            let place = self.push(bpf::AND, 0, 0, test.mask, line);
            self.place((id, Door::Mask), place);
        }
        if load {
            let place = self.push(bpf::LOAD, 0, 0, test.word, line);
            self.place((id, Door::Load), place);
        }
    }

    /// The two distances of the instruction that comes next. A stepping stone moves that
    /// instruction, so both are looked at again after each.
    fn jumps(&mut self, test: &Test) -> (u8, u8) {
        let yes = (test.yes, door(self.graph, test, test.yes));
        let no = (test.no, door(self.graph, test, test.no));
        loop {
            let (to_yes, to_no) = (self.target(yes.0, yes.1), self.target(no.0, no.1));
            match (self.distance(to_yes), self.distance(to_no)) {
                (Some(jt), Some(jf)) => return (jt, jf),
                (None, _) => self.stone(yes, to_yes),
                (_, None) => self.stone(no, to_no),
            }
        }
    }

    /// From the instruction that comes next; `None` if it cannot reach so far.
    fn distance(&self, place: Place) -> Option<u8> {
        u8::try_from(self.reversed.len() - place - 1).ok()
    }

    /// Where a node is; a verdict is made, or made again, if there is none near.
    fn target(&mut self, id: Id, door: Door) -> Place {
        let known = self.places[id as usize][door as usize];
        match (self.graph.nodes[id as usize], known) {
            (Node::Verdict(value), place) if place.is_none_or(|p| self.distance(p).is_none()) => {
                let place = self.push(bpf::RETURN, 0, 0, value, &[]);
                self.place((id, door), place);
                place
            }
            (_, Some(place)) => place,
            (_, None) => unreachable!("children are emitted first, with the doors they need"),
        }
    }

    /// A step on the way to what is out of reach; a verdict is simply made again by [`Self::target`].
    fn stone(&mut self, to: (Id, Door), place: Place) {
        if matches!(self.graph.nodes[to.0 as usize], Node::Verdict(_)) {
            return;
        }
        let distance = self.reversed.len() - place - 1;
        let k = u32::try_from(distance).unwrap_or(u32::MAX);
        let stone = self.push(bpf::JUMP, 0, 0, k, &[]);
        self.place(to, stone);
    }
}
