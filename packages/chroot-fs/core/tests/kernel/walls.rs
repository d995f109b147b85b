//! What must hold afterwards: no way back to the old root, nothing on the host, each with its control.

use crate::forked::{As, Bench, Scratch, as_root_and_user, in_child, names};
use std::{fs, path::Path};

/// The classic escape, tried in the root that `steps` make; what `/` then shows.
fn escape(root: &Path, steps: &str) -> Vec<String> {
    let mut bench = Bench::new();
    if steps.contains("fs.pivot") {
        bench.prepare(root);
    }
    bench.run(steps).unwrap();
    drop(bench);
    let outside = fs::File::open("/").unwrap();
    fs::create_dir_all("/x").unwrap();
    rustix::process::chroot("/x").unwrap();
    rustix::process::fchdir(&outside).unwrap();
    for _ in 0..64 {
        rustix::process::chdir("..").unwrap();
    }
    rustix::process::chroot(".").unwrap();
    names("/")
}

#[test]
fn the_classic_escape_works_from_a_plain_chroot_only() {
    let scratch = Scratch::new("escape");
    let root = scratch.dir("root");
    let plain = format!(r#"[{{"do":"fs.chroot","path":{root:?}}}]"#);
    as_root_and_user(|_| {
        let host = names("/");
        assert_eq!(escape(&root, &plain), host, "the control must escape");
    });
    as_root_and_user(|_| {
        assert_eq!(escape(&root, r#"[{"do":"fs.pivot"}]"#), ["x"]);
    });
}

/// Case 12 of the sandboxes' security bar: a mount made inside does not appear on the host, even
/// where the host's mounts are shared.
#[test]
fn a_shared_host_sees_nothing() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let scratch = Scratch::new("shared");
    let root = scratch.dir("root");
    let host = scratch.dir("host");
    in_child(As::Root, || {
        // A host of our own with shared mounts; below it the one that is under test.
        use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
        mount_bind(&host, &host).unwrap();
        mount_change(
            "/",
            MountPropagationFlags::SHARED | MountPropagationFlags::REC,
        )
        .unwrap();
        let before = chroot_fs_core::mountinfo::read(0).unwrap();
        assert!(
            before.iter().all(|m| !m.propagation.is_empty()),
            "the control: all are shared"
        );
        // SAFETY: the child has one thread and leaves by _exit.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let ok = std::panic::catch_unwind(|| {
                srcon_step::sys::unshare(libc::CLONE_NEWNS).unwrap();
                let mut bench = Bench::new();
                bench.run(r#"[{"do":"fs.private"},{"do":"fs.open","tree":"cgroup","path":"/sys","recursive":true}]"#).unwrap();
                bench.prepare(&root);
                bench.run(r#"[{"do":"fs.bind","tree":"cgroup","target":"/sys","propagation":"slave","create":true},{"do":"fs.pivot"}]"#).unwrap();
                rustix::mount::unmount("/sys", rustix::mount::UnmountFlags::DETACH).unwrap();
            });
            // SAFETY: ends this process only.
            unsafe { libc::_exit(i32::from(ok.is_err())) };
        }
        let mut status = 0;
        // SAFETY: `status` outlives the call; the child is ours.
        unsafe { libc::waitpid(pid, &raw mut status, 0) };
        assert_eq!(status, 0);
        assert_eq!(chroot_fs_core::mountinfo::read(0).unwrap(), before);
    });
}
