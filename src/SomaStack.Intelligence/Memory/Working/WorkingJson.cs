using System.Text.Json.Serialization;

namespace SomaStack.Intelligence.Memory;

/// <summary>What a promoted memory keeps in its metadata.</summary>
internal sealed record PromotionNote(string PromotedFromWm, string Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(WorkingAdmitted))]
[JsonSerializable(typeof(WorkingRecalled))]
[JsonSerializable(typeof(WorkingPinned))]
[JsonSerializable(typeof(WorkingRemoved))]
[JsonSerializable(typeof(WorkingPromoted))]
[JsonSerializable(typeof(PromotionNote))]
[JsonSerializable(typeof(WorkingRoutes.AdmitRequest))]
[JsonSerializable(typeof(WorkingRoutes.AdmitResponse))]
[JsonSerializable(typeof(WorkingRoutes.RecallRequest), TypeInfoPropertyName = "WorkingRecallRequest")]
[JsonSerializable(typeof(WorkingRoutes.RecallResponse), TypeInfoPropertyName = "WorkingRecallResponse")]
[JsonSerializable(typeof(WorkingRoutes.ItemRequest))]
[JsonSerializable(typeof(WorkingRoutes.SessionRequest))]
[JsonSerializable(typeof(WorkingRoutes.PromoteRequest))]
[JsonSerializable(typeof(WorkingRoutes.PromoteResponse))]
[JsonSerializable(typeof(WorkingRoutes.ClearResponse))]
[JsonSerializable(typeof(WorkingRoutes.ItemView))]
[JsonSerializable(typeof(WorkingRoutes.ListResponse))]
[JsonSerializable(typeof(WorkingRoutes.StatusResponse))]
internal sealed partial class WorkingJson : JsonSerializerContext;
