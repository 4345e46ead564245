using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SomaStack.Agents.Tools;

/// <summary>
/// System calls that .NET does not offer: paths resolved below an open folder with every symbolic link refused, so that nobody can swap a
/// folder for a link between check and use. Names are bytes, as the kernel has them. Sources: openat2(2), statx(2), getdents64(2).
/// </summary>
internal static class Linux
{
    public const int ReadOnly = 0, WriteOnly = 1, Create = 0x40, Exclusive = 0x80, Truncate = 0x200, Append = 0x400, NonBlocking = 0x800, CloseOnExec = 0x80000;

    public static readonly int Directory = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    public const int NotPermitted = 1, NoSuchFile = 2, AccessDenied = 13, FileExists = 17, CrossDevice = 18, NotDirectory = 20, IsDirectory = 21, Invalid = 22, NoSuchDevice = 6,
        NameTooLong = 36, NoSuchCall = 38, NotEmpty = 39, TooManyLinks = 40;

    public const uint KindMask = 0xF000, KindFile = 0x8000, KindFolder = 0x4000, KindLink = 0xA000;

    private const int CallOpenAt2 = 437, CallCloseRange = 436, RemoveFolder = 0x200, NoFollow = 0x100, EmptyPath = 0x1000, NoReplace = 1;

    private static readonly nint CallGetDents = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 61 : 217;

    /// <summary>RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH and RESOLVE_NO_XDEV.</summary>
    private const ulong Resolve = 0x02 | 0x04 | 0x08 | 0x01;

    /// <summary>Opens what lies below the folder; neither <c>..</c>, nor an absolute path, nor a link, nor a mount leads out.</summary>
    /// <exception cref="LinuxException">TooManyLinks for a symbolic link, CrossDevice for a way out.</exception>
    public static SafeFileHandle Open(SafeFileHandle folder, byte[] path, int flags, uint mode = 0)
    {
        var how = new OpenHow { Flags = (ulong)(flags | CloseOnExec), Mode = (flags & Create) == 0 ? 0 : mode, Resolve = Resolve };
        nint descriptor;
        do descriptor = OpenAt2(CallOpenAt2, folder, path, ref how, Marshal.SizeOf<OpenHow>());
        while (descriptor < 0 && Marshal.GetLastPInvokeError() is 4 or 11);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw new LinuxException("openat2", Marshal.GetLastPInvokeError());
    }

    /// <summary>A folder of our own, by its path; its parents are trusted.</summary>
    public static SafeFileHandle OpenFolder(string path)
    {
        var descriptor = OpenPath(Name(path), Directory | CloseOnExec);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw new LinuxException("open", Marshal.GetLastPInvokeError());
    }

    public static Stat? Look(SafeFileHandle folder, byte[] name)
    {
        if (StatX(folder, name, NoFollow, 0x7FF, out var stat) == 0) return stat;
        return Marshal.GetLastPInvokeError() == NoSuchFile ? null : throw new LinuxException("statx", Marshal.GetLastPInvokeError());
    }

    public static Stat Look(SafeFileHandle handle) =>
        StatX(handle, [0], EmptyPath, 0x7FF, out var stat) == 0 ? stat : throw new LinuxException("statx", Marshal.GetLastPInvokeError());

    public static void MakeFolder(SafeFileHandle folder, byte[] name) => Checked("mkdirat", MakeDirAt(folder, name, 0x1C0), FileExists);

    public static void RemoveFile(SafeFileHandle folder, byte[] name) => Checked("unlinkat", UnlinkAt(folder, name, 0));

    public static void RemoveEmptyFolder(SafeFileHandle folder, byte[] name) => Checked("unlinkat", UnlinkAt(folder, name, RemoveFolder));

    public static void Rename(SafeFileHandle from, byte[] name, SafeFileHandle to, byte[] target, bool replace) =>
        Checked("renameat2", RenameAt2(from, name, to, target, replace ? 0u : NoReplace));

    public static void Own(SafeFileHandle handle, uint user) => Checked("fchown", ChangeOwner(handle, user, user));

    public static void AllowOwner(SafeFileHandle folder, byte[] name) => Checked("fchmodat", ChangeMode(folder, name, 0x1C0, 0));

    public static bool IsRoot => OperatingSystem.IsLinux() && GetEffectiveUser() == 0;

    /// <summary>
    /// What libraries opened without O_CLOEXEC would be inherited by every program that is started, and a descriptor is a way through any wall.
    /// </summary>
    public static void CloseEverythingOnExec() => Checked("close_range", (int)CloseRange(CallCloseRange, 3, int.MaxValue, 4));

    /// <summary>A file that has no name, for what a started program reads once. Nothing of it touches a disk.</summary>
    public static SafeFileHandle Memory(ReadOnlySpan<byte> content)
    {
        var descriptor = MemoryFile(Name("soma"), 1);
        if (descriptor < 0) throw new LinuxException("memfd_create", Marshal.GetLastPInvokeError());
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.Write(handle, content, 0);
        return handle;
    }

    public static void Kill(int process) => SendSignal(process, 9);

    /// <summary>The names in an open folder but for itself and its parent, in no order. Reads through the descriptor: no path is resolved.</summary>
    public static List<byte[]> Names(SafeFileHandle folder, int limit)
    {
        using var own = Open(folder, Name("."), Directory);
        var names = new List<byte[]>();
        var buffer = new byte[32 * 1024];
        while (names.Count < limit)
        {
            var read = (int)GetDents(CallGetDents, own, buffer, buffer.Length);
            if (read < 0) throw new LinuxException("getdents64", Marshal.GetLastPInvokeError());
            if (read == 0) return names;
            for (var at = 0; at < read; at += BitConverter.ToUInt16(buffer, at + 16))
            {
                // struct linux_dirent64: inode 8, offset 8, length 2, type 1, then the name with its zero.
                var start = at + 19;
                var end = Array.IndexOf(buffer, (byte)0, start);
                if (buffer.AsSpan(start, end - start) is not ([(byte)'.'] or [(byte)'.', (byte)'.'])) names.Add(buffer[start..(end + 1)]);
            }
        }
        return names;
    }

    /// <summary>As the kernel wants it: UTF-8 with a zero at the end.</summary>
    public static byte[] Name(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    private static void Checked(string call, int result, int fine = 0)
    {
        if (result < 0 && Marshal.GetLastPInvokeError() is var error && error != fine) throw new LinuxException(call, error);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags, Mode, Resolve;
    }

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern nint OpenAt2(nint number, SafeFileHandle folder, byte[] path, ref OpenHow how, nint size);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern nint CloseRange(nint number, nint first, nint last, nint flags);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern nint GetDents(nint number, SafeFileHandle folder, [Out] byte[] buffer, nint size);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int OpenPath(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int StatX(SafeFileHandle folder, byte[] path, int flags, uint mask, out Stat stat);

    [DllImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    private static extern int MakeDirAt(SafeFileHandle folder, byte[] path, uint mode);

    [DllImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    private static extern int UnlinkAt(SafeFileHandle folder, byte[] path, int flags);

    [DllImport("libc", EntryPoint = "renameat2", SetLastError = true)]
    private static extern int RenameAt2(SafeFileHandle from, byte[] name, SafeFileHandle to, byte[] target, uint flags);

    [DllImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static extern int ChangeOwner(SafeFileHandle handle, uint user, uint group);

    [DllImport("libc", EntryPoint = "fchmodat", SetLastError = true)]
    private static extern int ChangeMode(SafeFileHandle folder, byte[] path, uint mode, int flags);

    [DllImport("libc", EntryPoint = "memfd_create", SetLastError = true)]
    private static extern int MemoryFile(byte[] name, uint flags);

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint GetEffectiveUser();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);
}

/// <summary>struct statx, which is the same on every processor.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct Stat
{
    [FieldOffset(16)] public uint Links;
    [FieldOffset(20)] public uint User;
    [FieldOffset(28)] public ushort Mode;
    [FieldOffset(32)] public ulong Inode;
    [FieldOffset(40)] public long Size;
    [FieldOffset(48)] public long Blocks;
    [FieldOffset(96)] public long ChangedSeconds;
    [FieldOffset(104)] public uint ChangedNanos;
    [FieldOffset(112)] public long WrittenSeconds;
    [FieldOffset(120)] public uint WrittenNanos;

    public readonly bool IsFile => (Mode & Linux.KindMask) == Linux.KindFile;

    public readonly bool IsFolder => (Mode & Linux.KindMask) == Linux.KindFolder;

    public readonly bool IsLink => (Mode & Linux.KindMask) == Linux.KindLink;

    /// <summary>What it claims or what it takes, whichever is more: a file with holes counts in full.</summary>
    public readonly long Bytes => Math.Max(Size, Blocks * 512);
}

internal sealed class LinuxException(string call, int error) : Win32Exception(error)
{
    public int Error { get; } = error;

    public string Call { get; } = call;
}
