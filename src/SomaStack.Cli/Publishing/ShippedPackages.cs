using System.Text.Json;
using System.Xml.Linq;

namespace SomaStack.Cli;

/// <summary>A package of which files ship.</summary>
/// <param name="Licence">SPDX.</param>
/// <param name="Holder">Who the package says holds the copyright, else its authors.</param>
/// <param name="Texts">Its own licence files, as they are.</param>
internal sealed record ShippedPackage(string Name, string Version, string Licence, string Holder, string Address, IReadOnlyList<string> Texts);

/// <summary>What ships, read from what a build really put beside a program; each package must be the pinned one and under a licence that may ship.</summary>
internal static class ShippedPackages
{
    private static readonly string[] LicenceFiles = ["LICENSE*", "LICENCE*", "NOTICE*", "THIRD-PARTY-NOTICES*", "ThirdPartyNotices*"];

    /// <summary>The NuGet packages with files in the program that a <c>deps.json</c> describes, and .NET itself when it is part of it.</summary>
    /// <param name="cache">NuGet's folder of packages.</param>
    /// <param name="locks">The committed lock files of the projects that the program is made of.</param>
    /// <exception cref="PublishException">One is not pinned, is another than the pinned one, or may not ship.</exception>
    public static List<ShippedPackage> Of(string depsFile, string cache, IEnumerable<string> locks)
    {
        var pinned = locks.SelectMany(PinnedBy).ToLookup(static pin => pin.Package, static pin => pin.Hash, StringComparer.OrdinalIgnoreCase);
        using var deps = JsonDocument.Parse(File.ReadAllBytes(depsFile));
        var target = deps.RootElement.GetProperty("targets").GetProperty(deps.RootElement.GetProperty("runtimeTarget").GetProperty("name").GetString()!);
        var libraries = deps.RootElement.GetProperty("libraries");
        var packages = new List<ShippedPackage>();
        foreach (var part in target.EnumerateObject().Where(static part => HasFiles(part.Value)))
        {
            var library = libraries.GetProperty(part.Name);
            var (name, version) = part.Name.Split('/') is [var first, var second] ? (first, second) : throw new PublishException($"{depsFile} has a part without a version: {part.Name}");
            switch (library.GetProperty("type").GetString())
            {
                case "package":
                    if (!pinned[part.Name].Contains(library.GetProperty("sha512").GetString()!["sha512-".Length..]))
                        throw new PublishException($"{part.Name} is not the package that the lock files pin. Restore with --force-evaluate and look at what changed.");
                    packages.Add(Read(Path.Combine(cache, name.ToLowerInvariant(), version.ToLowerInvariant())));
                    break;
                case "runtimepack":
                    packages.Add(Read(Path.Combine(cache, name["runtimepack.".Length..].ToLowerInvariant(), version.ToLowerInvariant())));
                    break;
            }
        }
        return packages;
    }

    /// <summary>One package as it lies in NuGet's folder.</summary>
    /// <exception cref="PublishException">It is not there, names no licence that is known, or may not ship.</exception>
    public static ShippedPackage Read(string folder)
    {
        var file = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.nuspec").FirstOrDefault() : null;
        if (file is null) throw new PublishException($"There is no package in '{folder}'.");
        var about = XDocument.Load(file).Root!.Elements().Single(static element => element.Name.LocalName == "metadata");
        string Value(string name) => about.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value.Trim() ?? "";
        var named = about.Elements().FirstOrDefault(static element => element.Name.LocalName == "license");
        var licence = named?.Attribute("type")?.Value == "expression" ? named.Value.Trim() : Licences.At(Value("licenseUrl"));
        if (licence is null) throw new PublishException($"{Value("id")} {Value("version")} names no SPDX licence, and nobody has read '{Value("licenseUrl")}'.");
        return Checked(new ShippedPackage(Value("id"), Value("version"), licence, Value("copyright") is { Length: > 0 } holder ? holder : Value("authors"), Value("projectUrl"), Texts(folder)));
    }

    /// <summary>The npm packages that an npm lock file installs for more than development; what of them is used is in the bundle.</summary>
    /// <param name="folder">Holds <c>package-lock.json</c> and <c>node_modules</c>.</param>
    public static List<ShippedPackage> OfNpm(string folder)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "package-lock.json")));
        var packages = new List<ShippedPackage>();
        foreach (var part in file.RootElement.GetProperty("packages").EnumerateObject())
        {
            bool Is(string name) => part.Value.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
            var cut = part.Name.LastIndexOf("node_modules/", StringComparison.Ordinal);
            // What is peer is asked for by a package whose code is not run here; our own parts are links.
            if (cut < 0 || Is("dev") || Is("devOptional") || Is("peer") || Is("link")) continue;
            var name = part.Name[(cut + "node_modules/".Length)..];
            var licence = part.Value.TryGetProperty("license", out var given) ? given.GetString()! : throw new PublishException($"The npm package {name} names no licence.");
            packages.Add(Checked(new ShippedPackage(name, part.Value.GetProperty("version").GetString()!, licence, "", $"https://www.npmjs.com/package/{name}", Texts(Path.Combine(folder, part.Name)))));
        }
        return packages;
    }

    private static ShippedPackage Checked(ShippedPackage package) => Licences.Allow(package.Name, package.Licence)
        ? package
        : throw new PublishException($"{package.Name} {package.Version} is under {package.Licence}, which may not ship.");

    private static bool HasFiles(JsonElement part) => part.TryGetProperty("runtime", out _) || part.TryGetProperty("native", out _) || part.TryGetProperty("runtimeTargets", out _);

    private static List<string> Texts(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        var anyCase = new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive };
        return [.. LicenceFiles.SelectMany(pattern => Directory.EnumerateFiles(folder, pattern, anyCase)).Distinct().Order(StringComparer.Ordinal).Select(File.ReadAllText)];
    }

    private static IEnumerable<(string Package, string Hash)> PinnedBy(string lockFile)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(lockFile));
        foreach (var framework in file.RootElement.GetProperty("dependencies").EnumerateObject())
            foreach (var package in framework.Value.EnumerateObject())
                if (package.Value.TryGetProperty("contentHash", out var hash))
                    yield return ($"{package.Name}/{package.Value.GetProperty("resolved").GetString()}", hash.GetString()!);
    }
}

/// <summary>This must not be published; says why.</summary>
internal sealed class PublishException(string message) : Exception(message);
