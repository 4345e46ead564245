using SomaStack.Platform;

namespace SomaStack.Tests.Keys;

public sealed class SecretsTests
{
    [Fact]
    public void The_name_comes_before_its_file_and_options_know_which_files_were_read()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "  from the file\n");
            var environment = new Dictionary<string, string> { ["SOMA_OPENAI_KEY_FILE"] = file, ["SOMA_DATABASE_FILE"] = file };
            var options = SomaOptions.FromEnvironment(environment.GetValueOrDefault);
            Assert.Equal(("from the file", "from the file"), (options.OpenAiKey, options.Database));
            Assert.Equal(["SOMA_DATABASE_FILE", "SOMA_OPENAI_KEY_FILE"], options.SecretFiles.Keys.Order(StringComparer.Ordinal));
            environment["SOMA_OPENAI_KEY"] = "from the name";
            Assert.Equal("from the name", SomaOptions.FromEnvironment(environment.GetValueOrDefault).OpenAiKey);
            Assert.Equal("from the file", options.SecretOf("SOMA_DATABASE"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("http://vault.example:8200", "token", null, "https")]
    [InlineData("ftp://vault.example", "token", null, "http or https")]
    [InlineData("https://vault.example:8200", null, "role", "SOMA_VAULT_TOKEN")]
    [InlineData("https://vault.example:8200", null, null, "SOMA_VAULT_TOKEN")]
    public void A_vault_that_could_be_overheard_or_not_be_entered_is_refused(string address, string? token, string? role, string names)
    {
        var environment = new Dictionary<string, string?> { ["SOMA_VAULT_ADDR"] = address, ["SOMA_VAULT_TOKEN"] = token, ["SOMA_VAULT_ROLE_ID"] = role };
        Assert.Contains(names, Assert.Throws<InvalidOperationException>(() => VaultOptions.From(environment.GetValueOrDefault)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_address_nothing_is_asked()
    {
        Func<string, string?> environment = static name => name == "SOMA_MODEL" ? "m" : null;
        Assert.Same(environment, Secrets.Over(environment));
        Assert.Equal("secret/soma", VaultOptions.From(new Dictionary<string, string?> { ["SOMA_VAULT_ADDR"] = "http://127.0.0.1:8200", ["SOMA_VAULT_TOKEN"] = "t" }.GetValueOrDefault)!.Path);
    }
}
