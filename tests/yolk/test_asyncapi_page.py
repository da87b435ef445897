"""The page of an application's frames."""

from __future__ import annotations

from yolk.asyncapi_page import frames_page

DOCUMENT = """
asyncapi: 3.0.0
info: {title: Small, version: '1', description: 'Use `ask` & <b>wait</b>.'}
channels:
  socket: {address: /ws, title: The socket}
operations:
  ask:
    action: receive
    summary: Ask.
    messages: [{$ref: '#/channels/socket/messages/ask'}]
    reply: {messages: [{$ref: '#/channels/socket/messages/answer'}]}
  push: {action: send, messages: [{$ref: '#/channels/socket/messages/news'}]}
components:
  messages:
    ask:
      payload:
        type: object
        required: [type]
        properties:
          type: {const: ask}
          data:
            type: object
            properties:
              limit: {type: integer, minimum: 1, maximum: 200, description: How many.}
              cursors: {type: object, additionalProperties: {$ref: '#/components/schemas/Seq'}}
              users: {type: array, items: {type: integer}}
      examples: [{payload: {type: ask, data: {limit: 5}}}]
    answer: {payload: {type: object, properties: {ok: {type: boolean}}}}
    news:
      summary: Something happened.
      payload:
        oneOf:
          - {type: object, properties: {event: {const: joined}}}
          - {type: object, properties: {event: {enum: [left, 'null', '<i>']}}}
  schemas:
    Seq: {type: integer, minimum: 0, maximum: 9223372036854775807}
"""


def test_requests_answers_and_pushes_are_shown() -> None:
    """Fields inside objects have their path; types have their limits; names are links."""
    page = frames_page(DOCUMENT)

    assert "Use <code>ask</code> &amp; &lt;b&gt;wait&lt;/b&gt;." in page
    assert '<code data-socket="/ws">/ws</code>' in page
    assert "<code>type</code><td><code>ask</code>" in page
    assert "<code>data.limit</code>" in page
    assert "at least 1, at most 200</span><br>How many." in page
    assert 'object with values <a href="#type-Seq"><code>Seq</code></a>' in page
    assert "list of integer" in page
    assert "at least 0</span>" in page
    assert "9223372036854775807" not in page
    assert "{&quot;type&quot;: &quot;ask&quot;" in page
    assert 'Answer: <a href="#answer">' in page
    assert 'Answers <a href="#request-ask">' in page
    assert "the object, form 2 of 2" in page
    assert "<code>left</code> or <code>null</code> or <code>&lt;i&gt;</code>" in page
