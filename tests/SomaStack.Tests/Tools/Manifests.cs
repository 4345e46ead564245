using System.Text.Json.Nodes;

namespace SomaStack.Tests.Tools;

/// <summary>Manifests as a publisher writes them.</summary>
internal static class Manifests
{
    public const string Weather = """
        {"id":"weather","version":"1.2.0","kind":"http","summary":"Weather of a city.",
         "actions":[{"name":"now","description":"The weather now.","input":{"type":"object","properties":{"city":{"type":"string","maxLength":80},"days":{"type":"integer"}},"required":["city"],"additionalProperties":false},
           "output":{"type":"object","required":["degrees"]},"risk":"low","read_only":true,"settings":{"method":"GET","path":"/v1/{city}","query":{"d":"days"}}},
           {"name":"report","description":"Report weather.","input":{"type":"object","properties":{"city":{"type":"string"},"degrees":{"type":"number"}},"required":["city","degrees"]},
           "risk":"medium","settings":{"method":"POST","path":"/v1/reports","body":["city","degrees"]}}],
         "permissions":["weather:read"],"egress":["https://api.weather.example"],"limits":{"per_minute":10,"timeout_seconds":5},
         "billing":{"service":"weather","cost_per_call":"0.002","currency":"USD"},"settings":{"base_url":"https://api.weather.example","headers":{"X-Key":"{secret:KEY}"}}}
        """;

    public static JsonNode Changed(Action<JsonNode> change)
    {
        var manifest = JsonNode.Parse(Weather)!;
        change(manifest);
        return manifest;
    }
}
