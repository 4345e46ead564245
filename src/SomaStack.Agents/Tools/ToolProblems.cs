using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

internal static class ToolProblems
{
    public static readonly ProblemCode AdapterUnknown = new("adapter_unknown", ProblemKind.NotFound, "There is no such adapter", "List them with GET /v1/adapters.");
    public static readonly ProblemCode ActionUnknown = new("tool_action_unknown", ProblemKind.NotFound, "The adapter has no such action", "Read its manifest with GET /v1/adapters/{id}; what is not in it does not happen.");
    public static readonly ProblemCode CallUnknown = new("tool_call_unknown", ProblemKind.NotFound, "There is no such tool call", "Check the id; calls are kept for SOMA_TOOL_CALLS_KEEP_DAYS.");
    public static readonly ProblemCode VersionUnknown = new("manifest_version_unknown", ProblemKind.NotFound, "There is no such version of the manifest", "List them with GET /v1/adapters/{id}/versions.");
    public static readonly ProblemCode PublisherUnknown = new("publisher_unknown", ProblemKind.NotFound, "No such publisher key is pinned", "List them with GET /v1/tool-publishers.");
    public static readonly ProblemCode AdapterDisabled = new("adapter_disabled", ProblemKind.Unavailable, "The adapter is switched off", "Somebody with tool:manage can switch it on with POST /v1/adapters/{id}/enable.");
    public static readonly ProblemCode Unavailable = new("tool_unavailable", ProblemKind.Unavailable, "The tool cannot be used here now", "GET /v1/adapters/{id} says what is missing on this server.");
    public static readonly ProblemCode PolicyDenied = new("tool_denied", ProblemKind.Forbidden, "The policy denies this tool call", "See the reasons; each names its rule and what would help.");
    public static readonly ProblemCode CallRunning = new(ToolCodes.CallRunning, ProblemKind.Conflict, "The same call is being carried out", "Wait for the seconds in Retry-After and ask again with the same key.");
    public static readonly ProblemCode KeyReused = new("tool_key_reused", ProblemKind.Invalid, "The key was used for another call", "Use one key for one intended effect.");
    public static readonly ProblemCode TooMany = new("tool_calls_too_many", ProblemKind.Busy, "Too many tool calls of this tenant are running", "Try again after the seconds in Retry-After.");
    public static readonly ProblemCode SchemaBudget = new("tool_arguments_too_complex", ProblemKind.Invalid, "The arguments take too long to check", "Send simpler arguments, or ask the publisher for a simpler schema.");
    public static readonly ProblemCode ManifestInvalid = new("manifest_invalid", ProblemKind.Invalid, "The manifest is not acceptable", "Correct the fields that the errors name.");
    public static readonly ProblemCode ManifestUnsigned = new("manifest_unsigned", ProblemKind.Forbidden, "No trusted publisher signed the manifest", "Sign it with 'soma tool sign' and pin the publisher's key; unsigned ones are for developer modes only.");
    public static readonly ProblemCode SignatureInvalid = new("manifest_signature_invalid", ProblemKind.Invalid, "The signature does not fit the manifest", "Sign exactly the manifest that you send.");
    public static readonly ProblemCode VersionTaken = new("manifest_version_taken", ProblemKind.Conflict, "This version holds another manifest", "Versions never change: publish a new one.");
    public static readonly ProblemCode VersionRevoked = new("manifest_revoked", ProblemKind.Conflict, "This version was revoked", "Publish a new version.");
    public static readonly ProblemCode AdapterReserved = new("adapter_reserved", ProblemKind.Conflict, "The name is one of the platform's own", "Give the adapter another id.");
    public static readonly ProblemCode TooManyAdapters = new("adapters_too_many", ProblemKind.Conflict, "The tenant has as many as it may have", "Revoke what is not used.");
    public static readonly ProblemCode OpenApiInvalid = new("openapi_invalid", ProblemKind.Invalid, "The OpenAPI document cannot be imported", "Correct what the errors name; nothing outside the document is read.");
    public static readonly ProblemCode Timeout = new("tool_timeout", ProblemKind.Timeout, "The tool took too long", "Ask for less, or raise timeout_seconds in the manifest.");
    public static readonly ProblemCode Failed = new("tool_failed", ProblemKind.Upstream, "The tool failed", "Read what it says; another key tries again.");
    public static readonly ProblemCode OutcomeUnknown = new("tool_outcome_unknown", ProblemKind.Upstream, "Nobody knows whether the tool took effect", "Look at the outside system before you call it again with another key.");
    public static readonly ProblemCode OutputInvalid = new("tool_output_invalid", ProblemKind.Upstream, "The tool's answer does not fit its output schema", "Tell the publisher; the answer is not shown as a result.");
    public static readonly ProblemCode Cancelled = new("tool_cancelled", ProblemKind.Unavailable, "The call was stopped", "A kill switch, a cancel or the end of the server stopped it.");
    public static readonly ProblemCode SecretMissing = new("tool_secret_missing", ProblemKind.Unavailable, "A secret is not bound to the adapter", "Bind it with PUT /v1/adapters/{id}/secrets/{name}.");

    public static readonly IReadOnlyList<ProblemCode> All =
    [
        AdapterUnknown, ActionUnknown, CallUnknown, VersionUnknown, PublisherUnknown, AdapterDisabled, Unavailable, PolicyDenied, CallRunning, KeyReused, TooMany, SchemaBudget,
        ManifestInvalid, ManifestUnsigned, SignatureInvalid, VersionTaken, VersionRevoked, AdapterReserved, TooManyAdapters, OpenApiInvalid, Timeout, Failed, OutcomeUnknown,
        OutputInvalid, Cancelled, SecretMissing,
    ];
}
