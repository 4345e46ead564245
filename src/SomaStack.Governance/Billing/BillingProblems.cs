using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

internal static class BillingProblems
{
    public static readonly ProblemCode BudgetExhausted = new("budget_exhausted", ProblemKind.Busy, "A budget does not hold this", "Wait for the seconds in Retry-After, ask for fewer tokens or a cheaper model, or have the budget raised (GET /v1/billing/limits).");
    public static readonly ProblemCode PriceUnknown = new("price_unknown", ProblemKind.Invalid, "The price of the model is not known", "Where a budget or a limit on money holds, only models of the price book (GET /v1/billing/prices) can be used; have the price added.");
    public static readonly ProblemCode ReservationTaken = new("reservation_taken", ProblemKind.Conflict, "The reservation is for another call", "Use a new id for a new call.");
    public static readonly ProblemCode ReservationUnknown = new("reservation_unknown", ProblemKind.NotFound, "There is no such reservation", "Reserve before the call and settle with the same id.");
    public static readonly ProblemCode LimitUnknown = new("limit_unknown", ProblemKind.NotFound, "There is no such limit", "Read GET /v1/billing/limits and use an id from there.");
    public static readonly ProblemCode LimitsFull = new("limits_full", ProblemKind.Conflict, "The tenant has too many limits", "Remove limits that are no longer needed; one limit can bind a whole provider or principal.");
    public static readonly ProblemCode PriceExists = new("price_exists", ProblemKind.Conflict, "The price book has this price already", "A row never changes; send one that is valid from a later instant.");

    public static readonly IReadOnlyList<ProblemCode> All = [BudgetExhausted, PriceUnknown, ReservationTaken, ReservationUnknown, LimitUnknown, LimitsFull, PriceExists];
}
