using System.Text.Json;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Workflows;

/// <summary>Whether what a run is given is what its capsule asks for.</summary>
internal static class RunInputs
{
    /// <summary>The depth of the deepest run of a tree; its root has 0.</summary>
    public const int DepthMax = 8;

    /// <returns>Sentences; empty when all is well.</returns>
    public static IReadOnlyList<string> Faults(Capsule capsule, string inputs)
    {
        try
        {
            using var document = JsonDocument.Parse(inputs);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return ["The inputs must be an object."];
            return Faults(capsule, document.RootElement);
        }
        catch (JsonException)
        {
            return ["The inputs are no JSON."];
        }
    }

    public static IReadOnlyList<string> Faults(Capsule capsule, JsonElement inputs)
    {
        var faults = new List<string>();
        foreach (var input in capsule.Inputs)
        {
            if (!inputs.TryGetProperty(input.Name, out var value) || value.ValueKind == JsonValueKind.Null)
            {
                if (input is { Required: true, Default: null }) faults.Add($"The input '{input.Name}' is missing.");
            }
            else if (!CapsuleTypes.Fits(value, input.Type)) faults.Add($"The input '{input.Name}' must be of the type {input.Type}.");
        }
        foreach (var given in inputs.EnumerateObject())
            if (capsule.Inputs.All(input => input.Name != given.Name)) faults.Add($"The capsule has no input '{given.Name}'.");
        return faults;
    }
}
