namespace SomaStack.Agents.Tools.Contracts;

/// <summary>Data of <see cref="ToolEvents.Notify"/>: what a tool wants people to be told. Its words are an agent's, so they are untrusted.</summary>
/// <param name="Severity">info, warning or error.</param>
/// <param name="Principals">Who is told; null when <paramref name="Capability"/> says it.</param>
/// <param name="Capability">Everybody of the tenant who holds it.</param>
/// <param name="Sender">As whom the tool acted.</param>
public sealed record ToolNotice(string Id, string Severity, string Title, string Body, IReadOnlyList<string>? Principals, string? Capability, string Sender, string? Session, string? Run);
