using System.Text;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>
/// The capsules: those that are shipped, and *.yaml files in <c>benchmarks/</c> of the data folder, which replace a shipped one of the same
/// id. Read once at first use; a file that is no capsule is left out, logged and listed as a fault.
/// </summary>
internal sealed partial class CapsuleShelf
{
    private const string Shipped = "capsules/benchmarks/";

    public CapsuleShelf(SomaOptions options, ILogger<CapsuleShelf> log)
    {
        var all = new SortedDictionary<string, Capsule>(StringComparer.Ordinal);
        var faults = new List<string>();
        var assembly = typeof(CapsuleShelf).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Shipped, StringComparison.Ordinal)))
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
            var capsule = CapsuleReader.Read(name, text);
            all[capsule.Id] = capsule;
        }
        var folder = Path.Combine(options.DataDirectory, "benchmarks");
        if (Directory.Exists(folder))
            foreach (var file in Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
            {
                try
                {
                    using var text = new StreamReader(file, Encoding.UTF8);
                    var capsule = CapsuleReader.Read(Path.GetFileName(file), text);
                    all[capsule.Id] = capsule;
                }
                catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
                {
                    faults.Add(exception.Message);
                    LogFault(log, exception.Message);
                }
            }
        (All, Faults) = ([.. all.Values], faults);
    }

    /// <summary>By id.</summary>
    public IReadOnlyList<Capsule> All { get; }

    public IReadOnlyList<string> Faults { get; }

    public Capsule? Find(string id) => All.FirstOrDefault(capsule => capsule.Id == id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A benchmark capsule of the data folder is left out: {Fault}")]
    private static partial void LogFault(ILogger log, string fault);
}
