using System.Text;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>What the kinds that run programs have in common: limits that make sense, ends that are refusals, and what was said.</summary>
internal static class ProcessChecks
{
    private static readonly UTF8Encoding Strict = new(false, true);

    public static IEnumerable<FieldError> Limits(Manifest manifest)
    {
        var limits = manifest.Limits;
        if (limits.TimeoutSeconds is < 1 or > 3600) yield return new FieldError("limits.timeout_seconds", "must be 1 to 3600");
        if (limits.CpuSeconds is < 1 or > 3600) yield return new FieldError("limits.cpu_seconds", "must be 1 to 3600");
        if (limits.MemoryMegabytes is < 16 or > 16_384) yield return new FieldError("limits.memory_megabytes", "must be 16 to 16384");
        if (limits.Processes is < 4 or > 512) yield return new FieldError("limits.processes", "must be 4 to 512");
        if (limits.OutputBytes is < 1 or > 16 << 20) yield return new FieldError("limits.output_bytes", "must be 1 to 16777216");
        if (manifest.Egress.Count > 0) yield return new FieldError("egress", "must be empty: nothing behind the walls has a network");
    }

    /// <exception cref="Problem">For an end that is the walls' doing and not the program's.</exception>
    public static void OrThrow(SandboxResult result)
    {
        var said = Tail(result);
        switch (result.End)
        {
            case SandboxEnd.TimedOut: throw ToolProblems.Timeout.Because($"The program was stopped after {result.Took.TotalSeconds:0.0} s with all that it had started.{said}");
            case SandboxEnd.Flooded: throw SandboxProblems.OutputFlood.Because("The program was stopped since it wrote without end." + said);
            case SandboxEnd.MemoryExceeded: throw SandboxProblems.MemoryExceeded.Because("The program was stopped since all it had started took more memory than it may." + said);
            case SandboxEnd.WorkspaceFull: throw SandboxProblems.WorkspaceFull.Because("The program was stopped since it put more into the workspace than that may hold." + said);
            default: return;
        }
    }

    /// <summary>A program that prints its secrets prints their names; what it encodes is beyond this.</summary>
    public static SandboxResult Without(SandboxResult result, IReadOnlyDictionary<string, string> secrets)
    {
        foreach (var (name, value) in secrets.Where(static secret => secret.Value.Length > 0))
            result = result with { Output = Without(result.Output, value, name), Error = Without(result.Error, value, name) };
        return result;
    }

    private static byte[] Without(byte[] text, string value, string name)
    {
        var secret = Encoding.UTF8.GetBytes(value);
        if (text.AsSpan().IndexOf(secret) < 0) return text;
        using var kept = new MemoryStream();
        var rest = text.AsSpan();
        for (int at; (at = rest.IndexOf(secret)) >= 0; rest = rest[(at + secret.Length)..])
        {
            kept.Write(rest[..at]);
            kept.Write(Encoding.UTF8.GetBytes($"[secret {name}]"));
        }
        kept.Write(rest);
        return kept.ToArray();
    }

    public static ProgramResult Told(SandboxResult result)
    {
        var text = TryText(result.Output, result.Truncated);
        return new ProgramResult(result.ExitCode, text, text is null ? Convert.ToBase64String(result.Output) : null, Encoding.UTF8.GetString(result.Error), result.Truncated);
    }

    /// <summary>What a model reads.</summary>
    public static string Words(ProgramResult program)
    {
        var words = new StringBuilder(program.Stdout ?? $"[{program.StdoutBase64!.Length} characters of base64 in the structured answer]");
        if (program.Stderr.Length > 0) words.Append(words.Length > 0 && words[^1] != '\n' ? "\n" : "").Append("[stderr]\n").Append(program.Stderr);
        if (program.Truncated) words.Append("\n[cut at the limit of output]");
        if (program.ExitCode != 0) words.Append(words.Length > 0 && words[^1] != '\n' ? "\n" : "").Append(Ended(program.ExitCode));
        return words.ToString();
    }

    private static string Ended(int code) => code switch
    {
        137 => "[killed (SIGKILL): the kernel's limit of processor time, or memory was short]",
        152 => "[ended by SIGXCPU: the limit of processor time]",
        153 => "[ended by SIGXFSZ: the limit of a file's size]",
        127 => "[exit code 127: no such program behind the walls]",
        > 128 and < 193 => $"[ended by signal {code - 128}]",
        _ => $"[exit code {code}]",
    };

    private static string Tail(SandboxResult result)
    {
        var said = Encoding.UTF8.GetString(result.Error is { Length: > 0 } error ? error : result.Output).Trim();
        return said.Length == 0 ? "" : " It had said: " + (said.Length > 400 ? said[^400..] : said);
    }

    internal static string? TryText(ReadOnlySpan<byte> content, bool cut)
    {
        for (var drop = 0; drop <= (cut ? 3 : 0) && drop <= content.Length; drop++)
            try
            {
                return Strict.GetString(content[..^drop]);
            }
            catch (DecoderFallbackException)
            {
                // Perhaps a byte less: a cut goes through characters.
            }
        return null;
    }
}
