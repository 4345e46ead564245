using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Intelligence.Benchmarks;
using SomaStack.Platform;

namespace SomaStack.Tests.Benchmarks;

public sealed class CapsuleTests
{
    private const string Good = """
        id: mine
        task: qa
        version: 2
        description: Mine.
        grader: contains
        items:
          - { id: one, input: "Which year?", context: "In 1977.", expected: ["1977"] }
        """;

    [Fact]
    public void Every_task_has_a_shipped_capsule_of_at_least_eight_items()
    {
        var shelf = Shelf(Directory.CreateTempSubdirectory("soma-capsules-").FullName);
        Assert.Equal(Tasks.All.Order(StringComparer.Ordinal), shelf.All.Select(capsule => capsule.Task).Order(StringComparer.Ordinal));
        Assert.All(shelf.All, capsule => Assert.InRange(capsule.Items.Count, 8, 15));
        Assert.Empty(shelf.Faults);
        Assert.Equal("no_sandbox", shelf.Find("code_small")!.Skipped);
    }

    /// <summary>A capsule whose own expected answer does not have full marks would measure nothing.</summary>
    [Fact]
    public void Every_expected_answer_has_full_marks_and_no_other_items_answer_has_by_accident()
    {
        foreach (var capsule in Shelf(Path.GetTempPath()).All.Where(capsule => capsule.Task is "qa" or "summarisation" or "translation"))
            foreach (var item in capsule.Items)
            {
                Assert.All(item.Expected!, expected => Assert.Equal(1, Grader.Text(item.Grader ?? capsule.Grader, expected, item.Expected!), 9));
                Assert.True(Grader.Text(item.Grader ?? capsule.Grader, "Something else altogether.", item.Expected!) < 0.3, item.Id);
            }
    }

    [Fact]
    public void A_grounded_question_does_not_give_its_answer_away_and_its_context_does()
    {
        foreach (var item in Shelf(Path.GetTempPath()).Find("qa_grounded")!.Items)
        {
            Assert.Equal(0, Grader.Text("contains", item.Input, item.Expected!));
            Assert.Equal(item.Id.StartsWith("absent", StringComparison.Ordinal) ? 0 : 1, Grader.Text("contains", item.Context!, item.Expected!));
        }
    }

    [Fact]
    public void A_capsule_of_the_data_folder_replaces_a_shipped_one_and_a_broken_file_is_named()
    {
        var folder = Directory.CreateTempSubdirectory("soma-capsules-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "benchmarks"));
        File.WriteAllText(Path.Combine(folder, "benchmarks", "a.yaml"), Good.Replace("id: mine", "id: qa_grounded", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(folder, "benchmarks", "b.yaml"), Good.Replace("task: qa", "task: juggling", StringComparison.Ordinal));
        var shelf = Shelf(folder);
        Assert.Equal((2L, 1), (shelf.Find("qa_grounded")!.Version, shelf.Find("qa_grounded")!.Items.Count));
        Assert.Contains("b.yaml", Assert.Single(shelf.Faults), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("id: mine", "id: ../etc/passwd")]
    [InlineData("version: 2", "version: 0")]
    [InlineData("version: 2", "version: two")]
    [InlineData("grader: contains", "grader: vibes")]
    [InlineData("grader: contains", "grader: wer")]
    [InlineData("expected: [\"1977\"]", "expected: [1977]")]
    [InlineData("expected: [\"1977\"]", "expected: []")]
    [InlineData("description: Mine.", "descripton: Mine.")]
    [InlineData("grader: contains", "grader: json_schema")]
    [InlineData("id: one, input", "input")]
    [InlineData("items:", "items: [")]
    public void What_is_no_capsule_is_refused_with_its_name(string from, string to)
    {
        Assert.Contains(from, Good, StringComparison.Ordinal);
        var refusal = Assert.Throws<InvalidDataException>(() => CapsuleReader.Read("x.yaml", new StringReader(Good.Replace(from, to, StringComparison.Ordinal))));
        Assert.Contains("x.yaml", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_that_explode_are_no_way_in()
    {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(0, 12).Select(i => $"{(char)('b' + i)}: &{(char)('b' + i)} [{string.Join(',', Enumerable.Repeat("*" + (char)('a' + i), 9))}]\n"));
        Assert.Throws<InvalidDataException>(() => CapsuleReader.Read("bomb.yaml", new StringReader(bomb)));
    }

    private static CapsuleShelf Shelf(string data) => new(new SomaOptions { DataDirectory = data }, NullLogger<CapsuleShelf>.Instance);
}
