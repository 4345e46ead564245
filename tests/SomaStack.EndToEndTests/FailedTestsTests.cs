using SomaStack.Cli;

namespace SomaStack.EndToEndTests;

public sealed class FailedTestsTests
{
    [Fact]
    public void What_xunit_and_node_print_of_failures_is_said_again_and_nothing_else()
    {
        var failures = new FailedTests();
        Assert.Empty(failures.Lines);
        foreach (var line in (string[])[
            "  Starting:    Suite",
            "    Suite.Skips [SKIP]", "      names no server.",
            "    Suite.Breaks [FAIL]", "      expected 1, was 2", "2026-11-29T17:00:00Z info: A server said this.", "      Stack Trace:", "        at here",
            "    Suite.Breaks_too [FAIL]", "      other",
            "=== TEST EXECUTION SUMMARY ===", "      not of a failure",
            "    ✔ passes (3 ms)", "✖ failing tests:", "", "test at all.test.mjs:3:1", "✖ falls (9 ms)", "  expected", "browser: 9 s", "after"])
            failures.Read(line);
        Assert.Equal(
            ["", "What failed:", "    Suite.Breaks [FAIL]", "      expected 1, was 2", "      Stack Trace:", "        at here", "    Suite.Breaks_too [FAIL]", "      other",
             "", "test at all.test.mjs:3:1", "✖ falls (9 ms)", "  expected"],
            failures.Lines);
    }

    [Fact]
    public void One_failure_does_not_fill_the_place_of_the_others()
    {
        var failures = new FailedTests();
        failures.Read("    Suite.Talks [FAIL]");
        for (var i = 0; i < 100; i++) failures.Read("      " + i);
        failures.Read("    Suite.Next [FAIL]");
        Assert.Equal(2 + 30 + 1, failures.Lines.Count);
        Assert.Equal("    Suite.Next [FAIL]", failures.Lines[^1]);
    }
}
