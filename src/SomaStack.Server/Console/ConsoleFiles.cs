using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;

namespace SomaStack.Server.Console;

/// <param name="IsPacked">The resource is gzip; most of what a browser loads is.</param>
internal sealed record ConsoleFile(string Resource, string ContentType, bool IsPacked);

/// <summary>The built console as it lies in this program, so that one file carries it all. Empty when it was not built.</summary>
internal sealed class ConsoleFiles
{
    private const string Prefix = "console/";
    private const string Packed = ".gz";

    /// <summary>Where the page's nonce goes.</summary>
    private const string NonceHole = "SOMA_NONCE";

    private static readonly Assembly Program = typeof(ConsoleFiles).Assembly;

    private readonly FrozenDictionary<string, ConsoleFile> _files;

    public ConsoleFiles()
    {
        var names = Program.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(static name => (name, path: name[Prefix.Length..].Replace('\\', '/')));
        _files = names.Select(static found => KeyValuePair.Create(Plain(found.path), new ConsoleFile(found.name, TypeOf(Plain(found.path)), found.path.EndsWith(Packed, StringComparison.Ordinal))))
            .ToFrozenDictionary(StringComparer.Ordinal);
        AreBuilt = _files.ContainsKey("index.html") && _files.ContainsKey("screens.json");
        PageParts = AreBuilt ? Text("index.html").Split(NonceHole) : [];
        Screens = AreBuilt ? JsonSerializer.Deserialize<string[]>(Text("screens.json"))! : [];
    }

    public bool AreBuilt { get; }

    /// <summary>The first words of the addresses that the console's screens have.</summary>
    public IReadOnlyList<string> Screens { get; }

    /// <summary>The page, cut where its nonce goes.</summary>
    public IReadOnlyList<string> PageParts { get; }

    public ConsoleFile? Find(string path) => path is "index.html" or "screens.json" ? null : _files.GetValueOrDefault(path);

    public static Stream Open(ConsoleFile file) => Program.GetManifestResourceStream(file.Resource)!;

    private string Text(string path)
    {
        var file = _files[path];
        using var stream = file.IsPacked ? new System.IO.Compression.GZipStream(Open(file), System.IO.Compression.CompressionMode.Decompress) : Open(file);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string Plain(string path) => path.EndsWith(Packed, StringComparison.Ordinal) ? path[..^Packed.Length] : path;

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".html" => "text/html; charset=utf-8",
        ".json" => "application/json",
        ".svg" => "image/svg+xml",
        ".woff2" => "font/woff2",
        ".wasm" => "application/wasm",
        ".png" => "image/png",
        _ => "application/octet-stream",
    };
}
