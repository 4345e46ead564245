using System.Text.Json;

namespace SomaStack.Agents.Tools;

/// <summary>What an adapter is and may do, signed by its publisher. Whatever is not in it does not happen.</summary>
/// <param name="Kind">http, openapi, mcp, wasm, process, code, git, workspace or native; picks the <see cref="IAdapterKind"/>.</param>
/// <param name="Permissions">Capabilities and scopes that it needs, e.g. <c>issues:write</c>; shown to whoever approves it.</param>
/// <param name="Egress">Origins that it may reach, <c>https://api.example.com</c>; empty for none.</param>
/// <param name="Settings">What its kind needs: base address, command, module, image of the sandbox.</param>
internal sealed record Manifest(
    string Id, string Version, string Kind, string Summary, IReadOnlyList<ManifestAction> Actions, IReadOnlyList<string> Permissions, IReadOnlyList<string> Egress,
    ManifestLimits Limits, ManifestBilling? Billing, JsonElement Settings);

/// <param name="Input">JSON Schema 2020-12 of the arguments object.</param>
/// <param name="Output">Of the structured result; null when it promises none.</param>
/// <param name="Risk">low, medium or high; what the gate starts from.</param>
/// <param name="Settings">What its kind needs for this action: method and path, tool name, export.</param>
internal sealed record ManifestAction(string Name, string Description, JsonElement Input, JsonElement? Output, string Risk, bool ReadOnly, bool Idempotent, JsonElement? Settings);

/// <param name="OutputBytes">What is beyond is cut, and said to be.</param>
internal sealed record ManifestLimits(int PerMinute = 30, int TimeoutSeconds = 30, int OutputBytes = 1 << 20, int MemoryMegabytes = 256, int CpuSeconds = 10, int Processes = 32);

/// <param name="CostPerCall">Decimal text in the currency, exact to nanos.</param>
internal sealed record ManifestBilling(string Service, string CostPerCall, string Currency);
