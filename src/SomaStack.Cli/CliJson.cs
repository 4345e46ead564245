using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Client;

namespace SomaStack.Cli;

internal sealed record ErrorLine(ErrorBody Error);

internal sealed record ErrorBody(string Code, string Message, string? Hint, int? HttpStatus, string? TraceId);

internal sealed record VersionInfo(string Version, string Runtime, string System);

internal sealed record TokenInfo(string Token, DateTimeOffset ExpiresAt, IReadOnlyList<string> Capabilities);

internal sealed record LinkInfo(string Link);

/// <summary>What <c>soma up --json</c> prints.</summary>
internal sealed record Welcome(string Url, string Answer, IReadOnlyList<WelcomeCitation> Citations, WelcomeProof Proof, string? SignInLink, IReadOnlyList<string> DegradedReasons, bool FirstStart, double ReadyMs);

internal sealed record WelcomeCitation(string? Source, int? Line, string Quote);

internal sealed record WelcomeProof(
    ConstitutionProof Constitution, PolicyProof Policy, IReadOnlyList<MemoryProof> Memories, string Provider, string Model, Usage Usage,
    IReadOnlyDictionary<string, double> TimingsMs, long JournalPosition);

/// <summary>What the first start did, kept in the data folder so that later starts repeat nothing.</summary>
internal sealed record FirstStart(string SessionId, string Question, int Files, int Chunks);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ErrorLine))]
[JsonSerializable(typeof(SuiteResult))]
[JsonSerializable(typeof(VersionInfo))]
[JsonSerializable(typeof(TokenInfo))]
[JsonSerializable(typeof(LinkInfo))]
[JsonSerializable(typeof(LoginInfo))]
[JsonSerializable(typeof(Dictionary<string, Login>))]
[JsonSerializable(typeof(DeviceAnswer))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(Welcome))]
[JsonSerializable(typeof(FirstStart))]
[JsonSerializable(typeof(ModelTested))]
[JsonSerializable(typeof(ChatBody))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CliJson : JsonSerializerContext;
