using System.Text;

namespace SomaStack.Cli;

/// <summary>THIRD-PARTY-NOTICES.txt: what ships beside our own code, under which licence, with the texts that came with it.</summary>
internal static class Notices
{
    public const string FileName = "THIRD-PARTY-NOTICES.txt";

    public static string Write(IEnumerable<ShippedPackage> shipped)
    {
        var packages = shipped.DistinctBy(static package => (package.Name, package.Version)).OrderBy(static package => package.Name, StringComparer.OrdinalIgnoreCase).ToList();
        var text = new StringBuilder();
        text.Append("SomaStack ships with the packages below, each under the licence that stands beside it. Texts that came with a package follow\n");
        text.Append("as they are; where none came, the text of its licence is in the folder licences.\n\n");
        foreach (var package in packages) text.Append($"{package.Name} {package.Version}  {package.Licence}\n");
        foreach (var package in packages)
        {
            text.Append($"\n{new string('=', 100)}\n{package.Name} {package.Version}\nLicence: {package.Licence}\n");
            if (package.Holder.Length > 0) text.Append($"Copyright: {package.Holder}\n");
            if (package.Address.Length > 0) text.Append($"{package.Address}\n");
            foreach (var own in package.Texts) text.Append($"\n{own.ReplaceLineEndings("\n").Trim()}\n");
        }
        return text.ToString();
    }
}
