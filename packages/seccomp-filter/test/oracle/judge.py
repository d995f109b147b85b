# The kernel as the judge of single programs: each is loaded in a child of its own, which then makes one call.
# stdin: lines of "PROGRAM-IN-HEX NUMBER ARG0 … ARG5"; stdout: for each "refused", or the error number that the call got (0: none).
import ctypes, os, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def judge(code, number, args):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        array = ctypes.create_string_buffer(code, len(code))
        program = Program(len(code) // 8, ctypes.cast(array, ctypes.c_char_p))
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        if libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
            answer = -ctypes.get_errno()
        else:
            ctypes.set_errno(0)
            result = libc.syscall(number, *map(ctypes.c_ulong, args))
            answer = ctypes.get_errno() if result == -1 else 0
        os.write(writing, struct.pack("i", answer))
        os._exit(0)
    os.close(writing)
    answer = os.read(reading, 4)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if len(answer) < 4:
        return "ended with %d" % status
    value = struct.unpack("i", answer)[0]
    return "refused" if value == -22 else str(value)


for line in sys.stdin:
    words = line.split()
    print(judge(bytes.fromhex(words[0]), int(words[1]), [int(word) for word in words[2:]]), flush=True)
