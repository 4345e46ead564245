using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Tests.Inference;

public sealed class AnthropicChatTests
{
    [Theory]
    [InlineData("claude-3-7-sonnet-20250219", AnthropicThinkingMode.Extended)]
    [InlineData("claude-sonnet-4-0", AnthropicThinkingMode.Extended)]
    [InlineData("claude-sonnet-4-20250514", AnthropicThinkingMode.Extended)]
    [InlineData("claude-opus-4-1-20250805", AnthropicThinkingMode.Extended)]
    [InlineData("claude-haiku-4-5", AnthropicThinkingMode.Extended)]
    [InlineData("claude-sonnet-4-6", AnthropicThinkingMode.Adaptive)]
    [InlineData("claude-opus-5", AnthropicThinkingMode.Adaptive)]
    [InlineData("claude-haiku-5-5", AnthropicThinkingMode.Adaptive)]
    [InlineData("another-model", AnthropicThinkingMode.Adaptive)]
    public void Models_are_asked_to_think_in_the_way_they_know(string model, AnthropicThinkingMode mode) => Assert.Equal(mode, AnthropicChat.ThinkingOf(model));
}
