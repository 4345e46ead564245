using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SomaStack.Agents.Tools;

/// <summary>
/// The system calls that nothing behind the walls needs and that reach into the kernel, other processes, or memory that no limit counts
/// (memfd, System V shared memory, io_uring, which also passes the limits by). A seccomp filter in classic BPF: struct sock_filter over
/// struct seccomp_data {nr, arch, instruction pointer, six arguments}. Source: seccomp(2). Sockets are those of a network namespace that has
/// nothing in it, and of the families unix and internet alone: vsock is not held by a namespace.
/// </summary>
internal static class SandboxFilter
{
    /// <summary>Number on x64 and on arm64; -1 where the processor has no such call.</summary>
    private static readonly (string Name, int X64, int Arm64)[] Refused =
    [
        ("acct", 163, 89), ("add_key", 248, 217), ("adjtimex", 159, 171), ("bpf", 321, 280), ("chroot", 161, 51), ("clock_adjtime", 305, 266), ("clock_settime", 227, 112),
        ("create_module", 174, -1), ("delete_module", 176, 106), ("fanotify_init", 300, 262), ("finit_module", 313, 273), ("fsconfig", 431, 431), ("fsmount", 432, 432),
        ("fsopen", 430, 430), ("fspick", 433, 433), ("get_kernel_syms", 177, -1), ("get_mempolicy", 239, 236), ("init_module", 175, 105), ("io_uring_enter", 426, 426),
        ("io_uring_register", 427, 427), ("io_uring_setup", 425, 425), ("ioperm", 173, -1), ("iopl", 172, -1), ("kcmp", 312, 272), ("kexec_file_load", 320, 294),
        ("kexec_load", 246, 104), ("keyctl", 250, 219), ("lookup_dcookie", 212, 18), ("mbind", 237, 235), ("memfd_create", 319, 279), ("memfd_secret", 447, 447),
        ("migrate_pages", 256, 238), ("modify_ldt", 154, -1), ("mount", 165, 40), ("mount_setattr", 442, 442), ("move_mount", 429, 429), ("move_pages", 279, 239),
        ("mq_open", 240, 180), ("msgget", 68, 186), ("name_to_handle_at", 303, 264), ("nfsservctl", 180, 42), ("open_by_handle_at", 304, 265), ("open_tree", 428, 428),
        ("perf_event_open", 298, 241), ("personality", 135, 92), ("pidfd_getfd", 438, 438), ("pivot_root", 155, 41), ("process_vm_readv", 310, 270),
        ("process_vm_writev", 311, 271), ("ptrace", 101, 117), ("query_module", 178, -1), ("quotactl", 179, 60), ("quotactl_fd", 443, 443), ("reboot", 169, 142),
        ("remap_file_pages", 216, 234), ("request_key", 249, 218), ("semget", 64, 190), ("set_mempolicy", 238, 237), ("setdomainname", 171, 162), ("sethostname", 170, 161),
        ("setns", 308, 268), ("settimeofday", 164, 170), ("shmat", 30, 196), ("shmget", 29, 194), ("swapoff", 168, 225), ("swapon", 167, 224), ("syslog", 103, 116),
        ("sysfs", 139, -1), ("umount2", 166, 39), ("unshare", 272, 97), ("userfaultfd", 323, 282), ("uselib", 134, -1), ("ustat", 136, -1), ("vhangup", 153, 58), ("vmsplice", 278, 75),
    ];

    private const ushort LoadWord = 0x20, JumpEqual = 0x15, JumpGreaterOrEqual = 0x35, JumpAny = 0x45, Return = 0x06;
    private const uint Allow = 0x7FFF0000, Kill = 0x80000000, Error = 0x00050000;
    private const uint OffsetNumber = 0, OffsetProcessor = 4, OffsetArgument = 16;
    private const uint NotPermitted = 1, NoSuchCall = 38, NoSuchFamily = 97;
    private const uint FamilyUnix = 1, FamilyInternet = 2, FamilyInternet6 = 10;

    /// <summary>CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.</summary>
    private const uint NewNamespaces = 0x00000080 | 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;

    private const uint PushInput = 0x5412, LinuxConsole = 0x541C;

    public static bool IsKnownProcessor => RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    public static byte[] Build() => Build(RuntimeInformation.ProcessArchitecture);

    internal static byte[] Build(Architecture processor)
    {
        var x64 = processor == Architecture.X64;
        var program = new List<(ushort Code, byte Then, byte Else, uint Value)>
        {
            // A call under another processor's numbers (32-bit programs, x32) would be looked up in the wrong table.
            (LoadWord, 0, 0, OffsetProcessor),
            (JumpEqual, 1, 0, x64 ? 0xC000003E : 0xC00000B7),
            (Return, 0, 0, Kill),
            (LoadWord, 0, 0, OffsetNumber),
            (JumpGreaterOrEqual, 0, 1, 0x40000000),
            (Return, 0, 0, Kill),
        };
        foreach (var (_, onX64, onArm64) in Refused)
            if ((x64 ? onX64 : onArm64) is >= 0 and var number) program.AddRange([(JumpEqual, 0, 1, (uint)number), (Return, 0, 0, Error | NotPermitted)]);
        // Its flags lie behind a pointer, which no filter can follow; programs fall back to clone.
        program.AddRange([(JumpEqual, 0, 1, 435), (Return, 0, 0, Error | NoSuchCall)]);
        program.AddRange([(JumpEqual, 0, 4, x64 ? 56u : 220u), Argument(0), (JumpAny, 0, 1, NewNamespaces), (Return, 0, 0, Error | NotPermitted), (Return, 0, 0, Allow)]);
        program.AddRange([(JumpEqual, 0, 6, x64 ? 41u : 198u), Argument(0), (JumpEqual, 3, 0, FamilyUnix), (JumpEqual, 2, 0, FamilyInternet), (JumpEqual, 1, 0, FamilyInternet6), (Return, 0, 0, Error | NoSuchFamily), (Return, 0, 0, Allow)]);
        program.AddRange([(JumpEqual, 0, 4, x64 ? 53u : 199u), Argument(0), (JumpEqual, 1, 0, FamilyUnix), (Return, 0, 0, Error | NoSuchFamily), (Return, 0, 0, Allow)]);
        // Typing into the terminal of whoever started the server.
        program.AddRange([(JumpEqual, 0, 5, x64 ? 16u : 29u), Argument(1), (JumpEqual, 1, 0, PushInput), (JumpEqual, 0, 1, LinuxConsole), (Return, 0, 0, Error | NotPermitted), (Return, 0, 0, Allow)]);
        program.Add((Return, 0, 0, Allow));
        return Bytes(program);
    }

    private static (ushort, byte, byte, uint) Argument(uint index) => (LoadWord, 0, 0, OffsetArgument + (8 * index));

    private static byte[] Bytes(List<(ushort Code, byte Then, byte Else, uint Value)> program)
    {
        var bytes = new byte[program.Count * 8];
        for (var i = 0; i < program.Count; i++)
        {
            var at = bytes.AsSpan(i * 8);
            BinaryPrimitives.WriteUInt16LittleEndian(at, program[i].Code);
            (at[2], at[3]) = (program[i].Then, program[i].Else);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], program[i].Value);
        }
        return bytes;
    }
}
