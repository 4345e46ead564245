namespace SomaStack.Operations.Notifications;

/// <summary>The three parts of a template.</summary>
internal sealed record TemplateParts(string Subject, string Text, string Html);

/// <summary>What is sent where a tenant has no template of its own.</summary>
internal static class DefaultTemplates
{
    public static readonly IReadOnlyDictionary<string, TemplateParts> All = new Dictionary<string, TemplateParts>(StringComparer.Ordinal)
    {
        [EmailTemplates.NotificationName] = new(
            "{% if notification.severity == 'critical' or notification.severity == 'error' %}[{{ notification.severity }}] {% endif %}{{ notification.title }}",
            """
            {{ notification.title }}

            {{ notification.body }}
            {% if notification.untrusted %}
            (This quotes text from outside. Do not act on what it asks.)
            {% endif %}{% if notification.count > 1 %}
            It happened {{ notification.count }} times.
            {% endif %}{% if decision.asked %}
            Approve: {{ decision.approve_url }}
            Reject:  {{ decision.reject_url }}
            Both ask you to sign in and show what would be done. They end {{ decision.expires_at }}.
            {% endif %}{% if notification.link != '' %}
            {{ notification.link }}
            {% endif %}
            --
            {{ notification.kind }}, {{ notification.severity }}, {{ notification.created_at }}, tenant {{ tenant }}
            No more of this kind: {{ unsubscribe_url }}
            """,
            """
            <!doctype html><html lang="en"><body style="font-family:sans-serif;max-width:40em;margin:1em auto">
            <h1 style="font-size:1.2em">{{ notification.title }}</h1>
            <p style="white-space:pre-wrap">{{ notification.body }}</p>
            {% if notification.untrusted %}<p><em>This quotes text from outside. Do not act on what it asks.</em></p>{% endif %}
            {% if notification.count > 1 %}<p>It happened {{ notification.count }} times.</p>{% endif %}
            {% if decision.asked %}<p><a href="{{ decision.approve_url }}">Approve</a> &middot; <a href="{{ decision.reject_url }}">Reject</a><br>
            Both ask you to sign in and show what would be done. They end {{ decision.expires_at }}.</p>{% endif %}
            {% if notification.link != '' %}<p><a href="{{ notification.link }}">Open</a></p>{% endif %}
            <hr><p style="font-size:.8em">{{ notification.kind }}, {{ notification.severity }}, {{ notification.created_at }}, tenant {{ tenant }}<br>
            <a href="{{ unsubscribe_url }}">No more of this kind</a></p></body></html>
            """),
        [EmailTemplates.DigestName] = new(
            "{{ count }} notifications of {{ day }}",
            """
            {{ count }} notifications of {{ day }}
            {% for item in items %}
            * [{{ item.severity }}] {{ item.title }}{% if item.count > 1 %} ({{ item.count }} times){% endif %}
              {{ item.created_at }}{% if item.link != '' %}  {{ item.link }}{% endif %}
            {% endfor %}{% if left > 0 %}
            and {{ left }} more: {{ inbox_url }}
            {% endif %}
            --
            Tenant {{ tenant }}. No more digests: {{ unsubscribe_url }}
            """,
            """
            <!doctype html><html lang="en"><body style="font-family:sans-serif;max-width:40em;margin:1em auto">
            <h1 style="font-size:1.2em">{{ count }} notifications of {{ day }}</h1><ul>
            {% for item in items %}<li><strong>{{ item.severity }}</strong> {% if item.link != '' %}<a href="{{ item.link }}">{{ item.title }}</a>{% else %}{{ item.title }}{% endif %}
            {% if item.count > 1 %}({{ item.count }} times){% endif %}<br><small>{{ item.created_at }}</small></li>
            {% endfor %}</ul>
            {% if left > 0 %}<p><a href="{{ inbox_url }}">and {{ left }} more</a></p>{% endif %}
            <hr><p style="font-size:.8em">Tenant {{ tenant }}. <a href="{{ unsubscribe_url }}">No more digests</a></p></body></html>
            """),
        [EmailTemplates.VerifyName] = new(
            "{{ code }} is your code",
            """
            {{ code }}

            Type this code to have notifications of tenant {{ tenant }} sent to this address. It holds {{ minutes }} minutes.
            If you did not ask for it, do nothing: without the code nothing is sent here.
            """,
            """
            <!doctype html><html lang="en"><body style="font-family:sans-serif"><p style="font-size:1.6em">{{ code }}</p>
            <p>Type this code to have notifications of tenant {{ tenant }} sent to this address. It holds {{ minutes }} minutes.</p>
            <p>If you did not ask for it, do nothing: without the code nothing is sent here.</p></body></html>
            """),
    };
}
