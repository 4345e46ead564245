using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>How JSON is read and written on every route.</summary>
internal static class HttpJson
{
    /// <summary>Deep enough for JSON Schema and tool arguments, far below what would exhaust a stack.</summary>
    private const int MaxDepth = 64;

    /// <summary>What is thrown of a list or map that holds null; nothing that is read here may.</summary>
    public const string NullElement = "An element is null.";

    public static void Configure(JsonSerializerOptions json, IReadOnlyList<Room> rooms)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.PropertyNameCaseInsensitive = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.AllowDuplicateProperties = false;
        json.MaxDepth = MaxDepth;
        // Answers are application/json with nosniff, so nothing needs HTML escapes.
        json.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        var place = 0;
        foreach (var room in rooms)
            if (room.Json is { } shapes) json.TypeInfoResolverChain.Insert(place++, shapes.WithAddedModifier(RefuseNulls));
    }

    /// <summary>The serializer goes by nullable annotations of members, and sees none of what a list or map may hold.</summary>
    private static void RefuseNulls(JsonTypeInfo type)
    {
        if (type.ElementType is not { IsValueType: false }) return;
        if (type.Kind is JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary) type.OnDeserialized = static read => Refuse(read is IDictionary map ? map.Values : (IEnumerable)read);

        static void Refuse(IEnumerable elements)
        {
            foreach (var element in elements)
                if (element is null) throw new JsonException(NullElement);
        }
    }
}
