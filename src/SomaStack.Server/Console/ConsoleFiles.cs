using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Server.Console;

/// <param name="Packed">The content is gzip, as most of what a browser loads.</param>
internal sealed record ConsoleFile(string ContentType, bool Packed, ReadOnlyMemory<byte> Content);

/// <summary>A line of the list in front of the pack.</summary>
internal sealed record PackedFile(string Path, bool Packed, int Length);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PackedFile[]))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class ConsoleJson : JsonSerializerContext;

/// <summary>
/// The built console: one pack inside this program, so that a single file carries it all, or the one that <c>SOMA_CONSOLE</c> names, for
/// whoever works on it. Empty when it was not built.
/// </summary>
internal sealed class ConsoleFiles
{
    private const string Resource = "console.pack";
    private const string Page = "index.html";
    private const string ScreenList = "screens.json";

    /// <summary>Where the page's nonce goes.</summary>
    private const string NonceHole = "SOMA_NONCE";

    private readonly FrozenDictionary<string, ConsoleFile> _files;

    public ConsoleFiles(SomaOptions options)
    {
        _files = Read(options.Console).ToFrozenDictionary(StringComparer.Ordinal);
        AreBuilt = _files.ContainsKey(Page) && _files.ContainsKey(ScreenList);
        PageParts = AreBuilt ? Encoding.UTF8.GetString(_files[Page].Content.Span).Split(NonceHole) : [];
        Screens = AreBuilt ? JsonSerializer.Deserialize(_files[ScreenList].Content.Span, ConsoleJson.Default.StringArray)! : [];
    }

    public bool AreBuilt { get; }

    /// <summary>The first words of the addresses that the console's screens have.</summary>
    public IReadOnlyList<string> Screens { get; }

    /// <summary>The page, cut where its nonce goes.</summary>
    public IReadOnlyList<string> PageParts { get; }

    /// <summary>Whether a program that was started like this has a console.</summary>
    public static bool IsIn(SomaOptions options) => options.Console is { } path ? File.Exists(path) : typeof(ConsoleFiles).Assembly.GetManifestResourceInfo(Resource) is not null;

    public ConsoleFile? Find(string path) => path is Page or ScreenList ? null : _files.GetValueOrDefault(path);

    private static Dictionary<string, ConsoleFile> Read(string? path)
    {
        using var stream = path is null ? typeof(ConsoleFiles).Assembly.GetManifestResourceStream(Resource) : File.OpenRead(path);
        if (stream is null) return [];
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var at = Array.IndexOf(bytes, (byte)'\n') + 1;
        var files = new Dictionary<string, ConsoleFile>(StringComparer.Ordinal);
        foreach (var file in JsonSerializer.Deserialize(bytes.AsSpan(0, at), ConsoleJson.Default.PackedFileArray)!)
        {
            files[file.Path] = new ConsoleFile(TypeOf(file.Path), file.Packed, bytes.AsMemory(at, file.Length));
            at += file.Length;
        }
        return files;
    }

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".json" => "application/json",
        ".svg" => "image/svg+xml",
        ".woff2" => "font/woff2",
        ".wasm" => "application/wasm",
        ".png" => "image/png",
        _ => "application/octet-stream",
    };
}
