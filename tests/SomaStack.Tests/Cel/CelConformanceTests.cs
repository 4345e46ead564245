namespace SomaStack.Tests.Cel;

/// <summary>
/// The published suite of the language, beside the repository; what is skipped is listed with its reason in cel-skipped.txt, so that
/// a change of that list shows.
/// </summary>
public sealed class CelConformanceTests
{
    [Fact]
    public void The_published_suite_passes_but_for_what_is_listed()
    {
        var folder = Find("../shared/data/cel-conformance");
        Assert.SkipWhen(folder is null, "../shared/data/cel-conformance is not there.");
        var cases = ConformanceCase.Read(folder);
        var skipped = cases.Where(test => test.Skipped() is not null).Select(test => $"{test.Id}: {test.Skipped()}").ToList();
        var output = TestContext.Current.TestOutputHelper!;
        foreach (var line in skipped) output.WriteLine(line);
        foreach (var file in cases.GroupBy(test => test.File)) output.WriteLine($"{file.Key}: {file.Count(test => test.Skipped() is null)} of {file.Count()} run");
        var faults = cases.Where(test => test.Skipped() is null).Select(test => (test, fault: test.Fault())).Where(pair => pair.fault is not null)
            .Select(pair => $"{pair.test.Id}: {pair.test.Expression}: {pair.fault}").ToList();
        output.WriteLine($"{cases.Count} cases, {skipped.Count} skipped, {faults.Count} failed");
        Assert.True(faults.Count == 0, string.Join("\n", faults.Take(60)));
        var list = Find("tests/SomaStack.Tests/Cel") + "/cel-skipped.txt";
        if (Environment.GetEnvironmentVariable("SOMA_UPDATE") == "1") File.WriteAllLines(list, skipped);
        else Assert.Equal(File.ReadAllLines(list), skipped);
    }

    /// <summary>A sample of our own in the same form, so that something of the kind runs everywhere.</summary>
    [Fact]
    public void Our_own_sample_passes()
    {
        var cases = ConformanceCase.Read(Find("tests/SomaStack.Tests/Cel")!);
        Assert.True(cases.Count >= 40, $"Only {cases.Count} cases were read.");
        Assert.All(cases, static test => Assert.True(test.Fault() is null, $"{test.Id}: {test.Expression}: {test.Fault()}"));
    }

    internal static string? Find(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, path) is var found && Directory.Exists(found)) return found;
        return null;
    }
}
