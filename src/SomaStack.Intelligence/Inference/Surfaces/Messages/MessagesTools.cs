using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The tools of a Messages request: only the caller's own; those that run at Anthropic exist for no other model.</summary>
internal static class MessagesTools
{
    public static void Read(JsonElement root, ChatOptions options)
    {
        if (MessagesReading.Field(root, "tools") is { } tools)
        {
            options.Tools = [];
            foreach (var (tool, path) in MessagesReading.Items(tools, "tools"))
            {
                if (MessagesReading.Text(tool, "type", path + ".") is not (null or "custom")) throw Problem.Invalid(path + ".type", "must be custom: this model has no other tools");
                if (MessagesReading.Field(tool, "input_schema") is not { ValueKind: JsonValueKind.Object } schema) throw Problem.Invalid(path + ".input_schema", "must be an object");
                options.Tools.Add(AIFunctionFactory.CreateDeclaration(MessagesReading.Needed(tool, "name", path + "."), MessagesReading.Text(tool, "description", path + "."), schema));
            }
        }
        if (MessagesReading.Field(root, "tool_choice") is not { } choice) return;
        options.ToolMode = MessagesReading.Text(choice, "type", "tool_choice.") switch
        {
            "auto" => ChatToolMode.Auto,
            "any" => ChatToolMode.RequireAny,
            "none" => ChatToolMode.None,
            "tool" => ChatToolMode.RequireSpecific(MessagesReading.Needed(choice, "name", "tool_choice.")),
            _ => throw Problem.Invalid("tool_choice.type", "must be auto, any, tool or none"),
        };
        if (MessagesReading.Field(choice, "disable_parallel_tool_use") is { } alone)
            options.AllowMultipleToolCalls = alone.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? alone.ValueKind == JsonValueKind.False
                : throw Problem.Invalid("tool_choice.disable_parallel_tool_use", "must be true or false");
    }
}
