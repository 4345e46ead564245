using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using SomaStack.Agents.Tools;
using Processor = System.Runtime.InteropServices.Architecture;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>Ways out of the walls. Each prints what the kernel said.</summary>
public sealed partial class EscapeTests(Walls walls) : IClassFixture<Walls>
{
    [Fact]
    public async Task It_is_nobody_and_holds_nothing()
    {
        var (result, said) = await walls.ShellAsync("id -u; id -g; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; cat /proc/sys/kernel/hostname; ls /proc | grep -c '^[0-9]'");
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("1000\n1000\n", said, StringComparison.Ordinal);
        Assert.Equal(5, said.Split('\n').Count(line => line.StartsWith("Cap", StringComparison.Ordinal) && line.EndsWith("\t0000000000000000", StringComparison.Ordinal)));
        Assert.Contains("NoNewPrivs:\t1", said, StringComparison.Ordinal);
        Assert.Contains("Seccomp:\t2", said, StringComparison.Ordinal);
        Assert.Contains("sandbox\n", said, StringComparison.Ordinal);
        Assert.InRange(int.Parse(said.TrimEnd().Split('\n')[^1], null), 1, 8);
    }

    [Fact]
    public async Task Its_environment_is_what_it_was_given_and_not_the_servers()
    {
        Environment.SetEnvironmentVariable("SOMA_TEST_SECRET", "hunter2");
        var (_, said) = await walls.ShellAsync("env | sort; tr '\\0' '\\n' < /proc/1/environ; cat /proc/1/cmdline | tr '\\0' ' '");
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
        Assert.DoesNotContain("SOMA", said, StringComparison.Ordinal);
        var names = said.Split('\n').Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] is >= 'A' and <= 'Z').Select(line => line.Split('=')[0]).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["HOME", "LANG", "PATH", "PWD", "TMPDIR"], names);
    }

    [Fact]
    public async Task It_inherits_no_descriptor_of_the_server()
    {
        // Opened as a careless library would: without O_CLOEXEC.
        var descriptor = Open(Encoding.UTF8.GetBytes("/etc/hostname\0"), 0);
        Assert.True(descriptor > 2);
        var (_, said) = await walls.ShellAsync("ls /proc/self/fd | tr '\\n' ' '; ls /proc/$$/fd | tr '\\n' ' '");
        Assert.DoesNotContain(descriptor.ToString(System.Globalization.CultureInfo.InvariantCulture) + " ", said, StringComparison.Ordinal);
        Assert.All(said.Split(' ', StringSplitOptions.RemoveEmptyEntries), number => Assert.InRange(int.Parse(number, null), 0, 3));
    }

    [Theory]
    [InlineData("tcp", "AF_INET, SOCK_STREAM, 0")]
    [InlineData("udp", "AF_INET, SOCK_DGRAM, 0")]
    public async Task No_packet_leaves(string kind, string socket)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var datagrams = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var port = kind == "tcp" ? ((IPEndPoint)listener.LocalEndpoint).Port : ((IPEndPoint)datagrams.Client.LocalEndPoint!).Port;
        var (_, said) = await walls.PerlAsync($$"""
            use Socket; $| = 1;
            for my $to ('127.0.0.1:{{port}}', '10.0.0.1:80', '8.8.8.8:53', '169.254.169.254:80') {
              my ($host, $port) = split /:/, $to;
              socket(my $s, {{socket}}) or die "socket: $!";
              my $done = connect($s, pack_sockaddr_in($port, inet_aton($host))) && syswrite($s, "out");
              print "$to ", ($done ? "SENT" : $!), "\n";
            }
            print "names ", (gethostbyname("example.com") ? "RESOLVED" : "not resolved"), "\n";
            """);
        Assert.Contains("10.0.0.1:80 Network is unreachable", said, StringComparison.Ordinal);
        Assert.Contains("169.254.169.254:80 Network is unreachable", said, StringComparison.Ordinal);
        Assert.Contains("names not resolved", said, StringComparison.Ordinal);
        if (kind == "tcp") Assert.Contains($"127.0.0.1:{port} Connection refused", said, StringComparison.Ordinal);
        Assert.False(listener.Pending());
        Assert.Equal(0, datagrams.Available);
    }

    [Fact]
    public async Task The_hosts_unix_sockets_are_not_there_neither_by_path_nor_abstract()
    {
        var path = Path.Combine(walls.Data, "host.sock");
        using var named = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        named.Bind(new UnixDomainSocketEndPoint(path));
        named.Listen();
        using var unnamed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        unnamed.Bind(new UnixDomainSocketEndPoint("\0soma-test-abstract"));
        unnamed.Listen();
        var (_, said) = await walls.PerlAsync($$"""
            use Socket;
            for my $at ("{{path}}", "\0soma-test-abstract", "/run/docker.sock", "/run/systemd/private") {
              socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die $!;
              print connect($s, pack_sockaddr_un($at)) ? "CONNECTED" : "$!", "\n";
            }
            """);
        Assert.DoesNotContain("CONNECTED", said, StringComparison.Ordinal);
        Assert.Equal(4, said.Trim().Split('\n').Length);
    }

    [Fact]
    public async Task Sockets_that_no_namespace_holds_cannot_be_made()
    {
        // vsock 40 leads to the machine's host, netlink 16 and packet 17 into the kernel, alg 38 into its crypto.
        var (_, said) = await walls.PerlAsync("for my $f (40, 16, 17, 38, 44, 30) { print \"$f \", (socket(my $s, $f, 2, 0) ? 'MADE' : $!), \"\\n\" }");
        Assert.DoesNotContain("MADE", said, StringComparison.Ordinal);
        Assert.Equal(6, said.Split("Address family not supported").Length - 1);
    }

    [Fact]
    public async Task Files_outside_are_not_there()
    {
        File.WriteAllText(Path.Combine(walls.Data, "secret"), "hunter2");
        var (_, said) = await walls.ShellAsync($$"""
            for f in {{walls.Data}}/secret /workspace/../{{walls.Data}}/secret /proc/self/root{{walls.Data}}/secret /proc/1/root{{walls.Data}}/secret \
              /proc/self/cwd/../..{{walls.Data}}/secret /etc/shadow /root/.bashrc /home /var/lib /sys/kernel /run/secrets; do
              cat "$f" 2>&1 || ls "$f" 2>&1
            done
            ln -s {{walls.Data}}/secret link && cat link
            ls /
            """);
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", said, StringComparison.Ordinal);
        Assert.DoesNotContain("home\n", said[said.LastIndexOf("bin\n", StringComparison.Ordinal)..], StringComparison.Ordinal);
        var (_, etc) = await walls.ShellAsync("ls /etc");
        Assert.Empty(etc.Split('\n', StringSplitOptions.RemoveEmptyEntries).Except(["alternatives", "ld.so.cache", "passwd"]));
    }

    [Fact]
    public async Task Nothing_but_its_own_places_can_be_written()
    {
        var (_, said) = await walls.ShellAsync("""
            for f in /x /usr/x /usr/bin/x /etc/x /dev/x /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sys/user/max_user_namespaces /proc/sysrq-trigger /proc/1/oom_score_adj /bin/sh; do
              if (exec 3>>"$f") 2>/dev/null; then echo "OPENED $f"; else (exec 3>>"$f") 2>&1; fi
            done
            echo x > /tmp/mine && echo y > /workspace/mine && echo z > /dev/shm/mine && echo wrote
            """);
        // The score of bubblewrap's own process inside is no one else's matter.
        Assert.DoesNotContain("OPENED", said.Replace("OPENED /proc/1/oom_score_adj", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("wrote", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hard_link_or_rename_leads_nowhere()
    {
        using var workspace = await walls.Workspaces.OpenAsync("acme", "links", TestContext.Current.CancellationToken);
        var (_, said) = await walls.ShellAsync("ln /usr/bin/env /workspace/e; ln /etc/passwd p; mv /usr/bin/env . ; ls -A /workspace", workspace: workspace);
        Assert.Contains("Invalid cross-device link", said, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(workspace.Path, "e")));
    }

    [Fact]
    public async Task Mounts_namespaces_and_roots_stay_as_they_are()
    {
        var (_, said) = await walls.ShellAsync("""
            mount -t tmpfs x /tmp; mount --bind / /workspace; umount /proc; umount -l /usr; unshare -Ur id; unshare -m id; unshare -n id; nsenter -t 1 -m id; chroot / id; mount -o remount,rw /usr; echo done
            """);
        Assert.DoesNotContain("uid=", said, StringComparison.Ordinal);
        Assert.StartsWith("done\n", said, StringComparison.Ordinal);
        Assert.Equal(3, said.Split("must be superuser").Length - 1);
        Assert.Equal(3, said.Split("unshare failed: Operation not permitted").Length - 1);
        var after = await walls.PerlAsync("print 'clone ', (syscall(56, 0x10000011, 0, 0, 0, 0) < 0 ? $! : 'MADE'), \"\\n\"; print 'clone3 ', (syscall(435, 0, 0) < 0 ? $! : 'MADE'), \"\\n\"; print 'setns ', (syscall(308, 0, 0) < 0 ? $! : 'DONE'), \"\\n\";");
        if (RuntimeInformation.ProcessArchitecture == Processor.X64) Assert.Equal("clone Operation not permitted\nclone3 Function not implemented\nsetns Operation not permitted\n", after.Said);
    }

    [Fact]
    public async Task Nobody_traces_or_reads_another_process()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Processor.X64, "The numbers of these calls are those of x64.");
        var (_, said) = await walls.PerlAsync("""
            my %call = (ptrace => [101, 16, 1, 0, 0], process_vm_readv => [310, 1, 0, 0, 0, 0, 0], bpf => [321, 0, 0, 0], perf_event_open => [298, 0, 0, 0, 0, 0], keyctl => [250, 0, 0],
              userfaultfd => [323, 0], io_uring_setup => [425, 1, 0], memfd_create => [319, "x\0", 0], shmget => [29, 0, 4096, 0x3ff], add_key => [248, 0, 0, 0, 0, 0], kexec_load => [246, 0, 0, 0, 0],
              init_module => [175, 0, 0, 0], open_by_handle_at => [304, 0, 0, 0], syslog => [103, 3, 0, 0], reboot => [169, 0, 0, 0], fsopen => [430, "tmpfs\0", 0]);
            for my $name (sort keys %call) { my @c = @{$call{$name}}; my $r = syscall($c[0], @c[1..$#c]); print "$name ", ($r < 0 ? $! : "DONE $r"), "\n" }
            print "signal ", (kill(9, 1) ? "sent" : $!), "\n";
            """);
        Assert.DoesNotContain("DONE", said, StringComparison.Ordinal);
        Assert.Equal(16, said.Split("Operation not permitted").Length - 1);
    }

    [Fact]
    public async Task A_setuid_program_gives_nothing()
    {
        var (_, said) = await walls.ShellAsync("cp /usr/bin/id /tmp/i && chmod 4755 /tmp/i && /tmp/i -u; find /usr/bin -perm -4000 -name su -o -perm -4000 -name mount | head -3; su -c id 2>&1; id -u; findmnt -n -o OPTIONS /usr 2>/dev/null || grep ' /usr ' /proc/mounts");
        Assert.StartsWith("1000\n", said, StringComparison.Ordinal);
        Assert.DoesNotContain("uid=0", said, StringComparison.Ordinal);
        Assert.Contains("ro,nosuid", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_leaves_running_dies_with_it()
    {
        var mark = "29" + Random.Shared.Next(100_000, 999_999).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var (result, _) = await walls.ShellAsync($"(setsid sh -c 'exec sleep {mark}' >/dev/null 2>&1 &) ; (nohup sleep {mark} >/dev/null 2>&1 &); sleep 0.05; ls /proc | grep -c '^[0-9]'");
        Assert.Equal(0, result.ExitCode);
        Assert.True(result.Took < TimeSpan.FromSeconds(10));
        Assert.Empty(Running(mark));
    }

    [Fact]
    public async Task A_cancelled_call_leaves_nothing_behind()
    {
        walls.Need();
        var mark = "28" + Random.Shared.Next(100_000, 999_999).ToString(System.Globalization.CultureInfo.InvariantCulture);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var call = walls.Sandbox.RunAsync(new SandboxCommand("/bin/sh", ["-c", $"sleep {mark} & sleep {mark}"], Walls.Limits), stop.Token);
        while (Running(mark).Count == 0) await Task.Yield();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Empty(Running(mark));
    }

    private static List<string> Running(string mark) =>
        [.. Process.GetProcesses().Where(process => process.ProcessName == "sleep").Select(process => CommandLine(process.Id)).Where(line => line.Contains(mark, StringComparison.Ordinal))];

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open(byte[] path, int flags);
}
