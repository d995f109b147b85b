//! Look-ups inside a root: whatever the tree says, nothing outside is reached; and it goes on where
//! somebody renames all the while. See openat2(2).

use rustix::fs::{Mode, OFlags, openat};
use srcon_step::resolve::open_in_root;
use std::{
    ffi::CString,
    fs::{create_dir_all, read_to_string, remove_dir_all, rename, write},
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::fs::symlink,
    },
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("srcon-step-{name}-{}", std::process::id()));
        create_dir_all(path.join("root/a/b")).expect("a tree");
        write(path.join("secret"), "secret").expect("a file outside");
        write(path.join("root/file"), "inside").expect("a file inside");
        Self(path)
    }

    fn root(&self) -> OwnedFd {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(rustix::fs::CWD, self.0.join("root"), flags, Mode::empty()).expect("the root")
    }

    fn read(&self, path: &str) -> Option<String> {
        let path = CString::new(path).expect("no NUL");
        let fd = open_in_root(self.root().as_fd(), &path, OFlags::RDONLY, Mode::empty()).ok()?;
        read_to_string(Path::new("/proc/self/fd").join(fd.as_raw_fd().to_string())).ok()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.0);
    }
}

#[test]
fn nothing_leads_out() {
    let tree = Tree::new("out");
    let root = tree.0.join("root");
    symlink("/file", root.join("absolute")).expect("a link");
    symlink("../../../../file", root.join("a/b/climbing")).expect("a link");
    symlink(tree.0.join("secret"), root.join("outside")).expect("a link");
    symlink("/proc/self/cwd", root.join("magic")).expect("a link");
    symlink("loop", root.join("loop")).expect("a link");
    for inside in [
        "file",
        "/file",
        "../../file",
        "absolute",
        "a/b/climbing",
        "a/../../file",
    ] {
        assert_eq!(tree.read(inside).as_deref(), Some("inside"), "{inside}");
    }
    for outside in [
        "outside",
        "../secret",
        "magic/secret",
        "loop",
        "file/x",
        "nothing",
    ] {
        assert_eq!(tree.read(outside), None, "{outside}");
    }
    // The positive control: the link works for everybody else.
    assert_eq!(
        read_to_string(root.join("outside")).expect("a file"),
        "secret"
    );
}

#[test]
fn descriptors_are_closed_on_exec() {
    let tree = Tree::new("exec");
    let fd = open_in_root(tree.root().as_fd(), c"file", OFlags::RDONLY, Mode::empty());
    let flags = rustix::io::fcntl_getfd(fd.expect("a file")).expect("its flags");
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
}

#[test]
fn it_goes_on_while_somebody_renames() {
    let tree = Tree::new("rename");
    write(tree.0.join("root/a/b/file"), "inside").expect("a file");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (one, other) = (tree.0.join("root/x"), tree.0.join("root/y"));
            create_dir_all(&one).expect("a directory");
            while !stop.load(Relaxed) {
                let _ = rename(&one, &other).and_then(|()| rename(&other, &one));
            }
        });
        let found = (0..3000)
            .filter(|_| tree.read("a/b/../../a/b/file").is_some())
            .count();
        stop.store(true, Relaxed);
        assert_eq!(found, 3000);
    });
}
