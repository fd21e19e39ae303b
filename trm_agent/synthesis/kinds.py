"""The kinds of conversation: what happens in each.

A kind is a public method of `Scripts`; what they are made of is `Parts`.
"""

from __future__ import annotations

from trm_agent.synthesis.changes import AGREED, asked_before, refuse
from trm_agent.synthesis.conversation import NoValueError
from trm_agent.synthesis.cues import kind_of
from trm_agent.synthesis.parts import Parts, Scene
from trm_agent.synthesis.picks import ASKED_FOR, chosen, listing, pick, pickable, which_one
from trm_agent.synthesis.replies import again
from trm_agent.synthesis.several import Several
from trm_agent.synthesis.talk import OPENERS
from trm_agent.synthesis.tasks import lowered
from trm_agent.synthesis.values import Given


class Scripts(Parts):
    """Writes conversations about the tools of a stock."""

    def single(self, scene: Scene) -> None:
        self._complete_request(scene.talk, scene.tool)
        self._end(scene.talk)

    def missing_one(self, scene: Scene) -> None:
        self._incomplete_request(scene, 1)
        self._end(scene.talk)

    def missing_several(self, scene: Scene) -> None:
        self._incomplete_request(scene, 3)
        self._end(scene.talk)

    def correction_before(self, scene: Scene) -> None:
        self._incomplete_request(scene, 1, corrected=True)
        self._end(scene.talk)

    def correction_after(self, scene: Scene) -> None:
        talk, tool = scene.talk, scene.tool
        self._complete_request(talk, tool)
        talk.finish()
        known = talk.known(tool)
        later = [p for p in tool.parameters if p.name not in known and self.stock.free(tool, p)]
        if later and talk.rng.random() < 0.3:
            new = talk.give(talk.rng.choice(later))
            p = talk.phrases
            said = p.pick((f"also {p.attach(new, True)}", p.statement(new), f"and {lowered(p.statement(new))}"))
            talk.user(said, tool, [new])
        else:
            self._correct(talk, tool)
        self._act(talk, tool)
        self._end(talk)

    def correction_between(self, scene: Scene) -> None:
        """What was said is changed while something else is asked for; the answer comes later."""
        self._incomplete_request(scene, 2, between=True)
        self._end(scene.talk)

    def confirmation(self, scene: Scene) -> None:
        """The assistant asks before a call: a yes, a change, or a no."""
        talk, tool = scene.talk, scene.tool
        given = self._values(talk, tool)
        talk.user(talk.phrases.request(tool, given), tool, given)
        asked_before(talk, tool, given)
        answered = talk.rng.random()
        if answered < 0.4:
            talk.user(talk.phrases.pick(AGREED))
            talk.call(tool)
        elif answered < 0.8:
            self._correct(talk, tool)
            self._act(talk, tool)
        else:
            refuse(talk)
            return
        self._end(talk)

    def list_edit(self, scene: Scene) -> None:
        """Entries of a list are added, taken out or exchanged, before the call or after it."""
        talk, tool = scene.talk, scene.tool
        if not any(kind_of(p) == "list" and self.stock.free(tool, p) for p in tool.parameters):
            raise NoValueError(tool.name)
        early = talk.rng.random() < 0.5
        if early:
            self._incomplete_request(scene, 1, edited=True)
        else:
            self._complete_request(talk, tool)
        for _ in range(talk.rng.choice((1, 2)) if not early else 0):
            talk.finish()
            self._edit(talk, tool)
            self._act(talk, tool)
        self._end(talk)

    def pick(self, scene: Scene) -> None:
        """One of several things that were listed is chosen by place, name, id or price."""
        talk, tool = scene.talk, scene.tool
        parameters = [p for p in pickable(tool) if self.stock.free(tool, p)]
        if not parameters:
            raise NoValueError(tool.name)
        parameter = talk.rng.choice(parameters)
        others = [other for other in scene.usable if other.name != tool.name and other.read_only is not False]
        found = listing(talk, parameter)
        if others:
            self._complete_request(talk, talk.rng.choice(others))
            talk.returned(talk.phrases.pick((found.records, {"results": found.records}, {"items": found.records})))
        else:
            talk.user(talk.phrases.pick(ASKED_FOR))
        ids = found.by_id and (not others or talk.rng.random() < 0.3)
        asked = talk.rng.random() < 0.4
        talk.say(f"{found.told(talk, ids=ids)} {which_one(talk, tool, parameter) if asked else ''}".strip())
        at = talk.rng.randrange(len(found.records))
        given = [g for g in self._values(talk, tool) if g.parameter.name != parameter.name]
        which = pick(talk, found, at, ids=ids)
        taken = Given(parameter, found.values[at], which)
        talk.user(chosen(talk, tool, given, which, asked=asked), tool, [*given, taken])
        self._act(talk, tool)
        self._end(talk)

    def second_tool(self, scene: Scene) -> None:
        talk = scene.talk
        others = [tool for tool in scene.usable if tool.name != scene.tool.name]
        if not others:
            raise NoValueError("a second tool")
        self._complete_request(talk, scene.tool)
        talk.finish()
        self._complete_request(talk, talk.rng.choice(others), opener=talk.phrases.pick(OPENERS))
        self._end(talk)

    def same_tool_again(self, scene: Scene) -> None:
        talk, tool = scene.talk, scene.tool
        self._complete_request(talk, tool)
        for _ in range(talk.rng.choice((1, 1, 2))):
            talk.finish()
            changeable = [p for p in tool.parameters if p.name in talk.known(tool) and kind_of(p) != "message"]
            if not changeable:
                raise NoValueError(tool.name)
            parameter = talk.rng.choice(changeable)
            new = talk.give(parameter, old=talk.known(tool)[parameter.name])
            talk.user(again(talk.phrases, new), tool, [new])
            self._act(talk, tool)
        self._end(talk)

    def several_calls(self, scene: Scene) -> None:
        talk, tool = scene.talk, scene.tool
        others = [other for other in scene.usable if other.name != tool.name and other.read_only is not False]
        if tool.read_only is False:
            raise NoValueError("a call that is confirmed comes alone")
        several, given = Several(talk), self._values(talk, tool)
        if others and talk.rng.random() < 0.35:
            second = talk.rng.choice(others)
            several.of_two(tool, given, second, self._values(talk, second))
        else:
            several.of_one(tool, given)
        self._end(talk)

    def small_talk(self, scene: Scene) -> None:
        talk = scene.talk
        for _ in range(talk.rng.choice((1, 1, 2))):
            self._chat(talk)
        if talk.rng.random() < 0.6:
            self._complete_request(talk, scene.tool)
            self._end(talk)

    def out_of_scope(self, scene: Scene) -> None:
        talk = scene.talk
        place = talk.rng.random()
        if place < 0.35:
            self._complete_request(talk, scene.tool)
            talk.finish()
        self._stray(talk)
        if 0.35 <= place < 0.55:
            self._complete_request(talk, scene.tool)
            self._end(talk)
        elif place > 0.9:
            self._stray(talk)
