# libseccomp's filters for simple rule sets. stdin: a JSON object a line; stdout: for each the program in hexadecimal, in the byte order
# of its architecture, or "refused" with libseccomp's error.
import json, os, sys, tempfile
import seccomp

OPERATORS = {"==": seccomp.EQ, "!=": seccomp.NE, "<": seccomp.LT, "<=": seccomp.LE, ">": seccomp.GT, ">=": seccomp.GE}
WORDS = {"allow": seccomp.ALLOW, "log": seccomp.LOG, "kill-process": seccomp.KILL_PROCESS, "kill-thread": seccomp.KILL, "trap": seccomp.TRAP}


def action(text):
    word, _, data = text.partition(" ")
    if word == "errno":
        return seccomp.ERRNO(int(data))
    return seccomp.TRACE(int(data)) if word == "trace" else WORDS[word]


def comparison(test):
    arg, operator, value, mask = test["arg"], test["operator"], int(test["value"]), test.get("mask")
    if mask is None:
        return seccomp.Arg(arg, OPERATORS[operator], value)
    return seccomp.Arg(arg, seccomp.MASKED_EQ, int(mask), value)


def program(wanted):
    built = seccomp.SyscallFilter(action(wanted["action"]))
    built.set_attr(seccomp.Attr.ACT_BADARCH, -0x80000000)
    native = seccomp.Arch()
    # First, since all architectures of a filter must have one byte order.
    if not any(int(seccomp.Arch(name)) == int(native) for name in wanted["arches"]):
        built.remove_arch(native)
    for name in wanted["arches"]:
        if not built.exist_arch(seccomp.Arch(name)):
            built.add_arch(seccomp.Arch(name))
    for rule in wanted["rules"]:
        built.add_rule(action(rule["action"]), rule["call"], *map(comparison, rule["tests"]))
    with tempfile.TemporaryFile() as file:
        built.export_bpf(file)
        file.seek(0)
        return file.read().hex()


if len(sys.argv) > 1:
    sys.exit(0)
for line in sys.stdin:
    try:
        print(program(json.loads(line)), flush=True)
    except (OSError, RuntimeError, ValueError) as error:
        print("refused", type(error).__name__, error, flush=True)
