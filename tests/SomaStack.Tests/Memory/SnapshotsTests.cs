using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Intelligence.Memory;
using SomaStack.Platform;

namespace SomaStack.Tests.Memory;

public sealed class SnapshotsTests : IDisposable
{
    private static readonly Entry[] Entries =
        [new("m1", 1, "fact", [], null, 1, 0, 0.5, Analyser.Document("telephone 555-0134"), [.. Enumerable.Range(0, 36).Select(i => (byte)(i * 7))])];

    private readonly string _folder = Directory.CreateTempSubdirectory("soma-indexes-").FullName;
    private readonly Snapshots _snapshots;

    public SnapshotsTests() => _snapshots = New();

    private IEnumerable<string> Files => Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories);

    [Fact]
    public void What_was_written_is_read_by_its_own_tenant_namespace_and_model_only()
    {
        Write("acme", "default");
        Assert.Equal("m1", Assert.Single(_snapshots.Read("acme", "default", "model")!.Value.Entries).Id);
        Assert.Null(_snapshots.Read("acme", "default", "model-2"));
        Assert.Null(_snapshots.Read("acme", "other", "model"));
        // A file in another's place is not believed.
        Write("evil", "default");
        var files = Files.OrderBy(File.GetCreationTimeUtc).ToList();
        var (of, other) = File.ReadAllText(files[0]).Contains("acme", StringComparison.Ordinal) ? (files[0], files[1]) : (files[1], files[0]);
        File.Copy(other, of, overwrite: true);
        Assert.Null(_snapshots.Read("acme", "default", "model"));
        Assert.Equal(["evil"], _snapshots.Sweep().Select(header => header.Tenant));
    }

    [Fact]
    public void A_file_of_another_analysis_is_not_used()
    {
        Assert.True(_snapshots.Write(new ShelfHeader("acme", "default", "model", "0123456789abcdef", 1), Entries));
        Assert.Null(_snapshots.Read("acme", "default", "model"));
    }

    [Fact]
    public void Names_tell_nothing_and_only_the_owner_reads()
    {
        Write("acme", "conversation/ada");
        var file = Assert.Single(Files);
        Assert.DoesNotContain("acme", file, StringComparison.Ordinal);
        Assert.DoesNotContain("ada", file[_folder.Length..], StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void A_crash_before_the_rename_leaves_the_old_file_and_the_next_start_clears_the_rest()
    {
        Write("acme", "default");
        var file = Assert.Single(Files);
        File.WriteAllBytes(file + ".partial", File.ReadAllBytes(file)[..100]);
        Assert.NotNull(New().Read("acme", "default", "model"));
        Assert.Single(New().Sweep());
        Assert.Equal([file], Files);
    }

    [Fact]
    public void An_erasure_removes_the_file_and_also_the_one_that_is_being_written()
    {
        Write("acme", "default");
        _snapshots.Begin("acme", "default");
        _snapshots.Erase("acme", "default");
        Assert.Empty(Files);
        Assert.False(_snapshots.Write(Header("acme", "default"), Entries));
        Assert.Empty(Files);
        Write("acme", "default");
        Assert.Single(Files);
    }

    [Fact]
    public void What_is_not_a_shelf_file_is_removed_by_the_sweep()
    {
        Write("acme", "default");
        File.WriteAllText(Assert.Single(Files), "something else");
        Assert.Null(_snapshots.Read("acme", "default", "model"));
        Assert.Empty(_snapshots.Sweep());
        Assert.Empty(Files);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ShelfHeader Header(string tenant, string @namespace) => new(tenant, @namespace, "model", ShelfFile.Analysis, 1);

    private void Write(string tenant, string @namespace)
    {
        _snapshots.Begin(tenant, @namespace);
        Assert.True(_snapshots.Write(Header(tenant, @namespace), Entries));
    }

    private Snapshots New() => new(new SomaOptions { DataDirectory = _folder }, NullLogger<Snapshots>.Instance);
}
