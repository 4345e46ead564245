using System.Text.Json.Serialization;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SeedPrice[]))]
[JsonSerializable(typeof(UsageSettled))]
[JsonSerializable(typeof(ReservationReleased))]
[JsonSerializable(typeof(UsageView))]
[JsonSerializable(typeof(Page<LedgerEntryView>))]
[JsonSerializable(typeof(Page<PriceView>))]
[JsonSerializable(typeof(ReservationMore))]
[JsonSerializable(typeof(CostAnomaly))]
[JsonSerializable(typeof(LimitChanged))]
[JsonSerializable(typeof(PriceAdded))]
[JsonSerializable(typeof(ForecastView))]
[JsonSerializable(typeof(Page<AnomalyView>))]
[JsonSerializable(typeof(PriceRequest))]
[JsonSerializable(typeof(PriceAnswer))]
[JsonSerializable(typeof(LimitRequest))]
[JsonSerializable(typeof(LimitView))]
[JsonSerializable(typeof(Page<LimitView>))]
internal sealed partial class BillingJson : JsonSerializerContext;
