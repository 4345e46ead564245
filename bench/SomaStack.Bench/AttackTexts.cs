using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SomaStack.Bench;

/// <param name="Held">Kept away from training; figures are of these.</param>
internal sealed record AttackText(string Set, string Text, bool IsAttack, bool Held);

/// <summary>The labelled texts that moderation is measured on, read by path: data, never instructions.</summary>
internal static class AttackTexts
{
    public const string Injections = "giskard-injections", Harmful = "xstest-unsafe", Triggers = "notinject", LookAlikes = "xstest-safe";

    private const string Here = "../shared/data/prompt-attacks";

    /// <returns>Null when they are not beside the checkout.</returns>
    public static string? DefaultFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx")) && Path.GetFullPath(Path.Combine(folder.FullName, Here)) is var found && Directory.Exists(found)) return found;
        return null;
    }

    public static List<AttackText> Read(string folder)
    {
        var texts = new List<AttackText>();
        texts.AddRange(Csv(Path.Combine(folder, "giskard-prompt-injections.csv")).Select(static row => Of(Injections, row["prompt"], true)));
        using (var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "notinject-one.json"))))
            texts.AddRange(file.RootElement.EnumerateArray().Select(static row => Of(Triggers, row.GetProperty("prompt").GetString()!, false)));
        texts.AddRange(Csv(Path.Combine(folder, "xstest-first-half.csv")).Select(static row => row["label"] == "safe" ? Of(LookAlikes, row["prompt"], false) : Of(Harmful, row["prompt"], true)));
        return texts;
    }

    /// <summary>The split: a text whose SHA-256 begins with an odd byte is held out. It depends on nothing but the text.</summary>
    public static bool IsHeld(string text) => (Digest(text)[0] & 1) == 1;

    public static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// Longer innocent prose: paragraphs of this project's own pages, of which those with an odd digest of their name are held out; the
    /// templates hold paragraphs of the others. Empty away from a checkout.
    /// </summary>
    public static List<string> OwnPages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) folder = folder.Parent;
        if (folder is null) return [];
        // The page on moderation quotes attacks; two pages are generated lists.
        var pages = Directory.EnumerateFiles(Path.Combine(folder.FullName, "docs"), "*.md").Order(StringComparer.Ordinal)
            .Where(static page => Path.GetFileName(page) is not ("moderation.md" or "errors.md" or "metrics.md") && IsHeld(Path.GetFileName(page)));
        return [.. pages.SelectMany(static page => string.Concat(File.ReadAllText(page).Split("```").Where(static (_, at) => at % 2 == 0)).Split("\n\n"))
            .Select(static part => part.Trim()).Where(static part => part.Length >= 200 && part[0] is not ('|' or '>' or '#'))];
    }

    private static AttackText Of(string set, string text, bool attack) => new(set, text, attack, IsHeld(text));

    /// <summary>RFC 4180: quoted fields may hold commas, doubled quotes and line breaks.</summary>
    private static IEnumerable<Dictionary<string, string>> Csv(string path)
    {
        var rows = new List<List<string>> { new() };
        var field = new StringBuilder();
        var quoted = false;
        var text = File.ReadAllText(path).ReplaceLineEndings("\n");
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"') { field.Append('"'); i++; }
            else if (c == '"') quoted = !quoted;
            else if (!quoted && c is ',' or '\n' && !quoted)
            {
                rows[^1].Add(field.ToString());
                field.Clear();
                if (c == '\n') rows.Add([]);
            }
            else field.Append(c);
        }
        if (field.Length > 0) rows[^1].Add(field.ToString());
        var header = rows[0];
        return rows.Skip(1).Where(row => row.Count == header.Count).Select(row => header.Zip(row).ToDictionary(static pair => pair.First, static pair => pair.Second, StringComparer.Ordinal));
    }
}
