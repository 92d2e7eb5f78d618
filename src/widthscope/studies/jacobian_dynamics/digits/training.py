"""Training of one run's networks: members may differ in seed, learning rate and strength of the penalty."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from widthscope.ensembles.batches import Minibatches, epochs
from widthscope.ensembles.gradient_step import Batch, GradientStep, Step
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.schedules import warmup_cosine
from widthscope.ensembles.training import Trained, train
from widthscope.models.recurrence.penalties import EXACT_WIDTH
from widthscope.studies.jacobian_dynamics.digits.images import Images, Parts, network_of, parts_of, seen
from widthscope.studies.jacobian_dynamics.digits.treatments import TREATMENTS, Carried, Treatment
from widthscope.studies.jacobian_dynamics.networks.evaluation import predictions
from widthscope.studies.jacobian_dynamics.networks.loss import cross_entropy
from widthscope.studies.jacobian_dynamics.networks.network import Network
from widthscope.studies.jacobian_dynamics.networks.stored import recording
from widthscope.work import Work

# Steps and seeds were settled after a run on the stream "digits": verdicts rest on draws that came later.
STREAM = ("jacobian_dynamics", "digits, second draws")


@dataclass(frozen=True)
class Trainer:
    """Everything about a run that does not depend on who is trained.

    Attributes:
        network, treatment: what is trained, and what is done to its weights.
        settings: as of `experiment.run`.
        images: on the work's device.
        work: what the job gives.
    """

    network: Network
    treatment: Treatment
    settings: Mapping[str, Any]
    images: Images
    work: Work

    @classmethod
    def of(cls, run: Mapping[str, Any], settings: Mapping[str, Any], images: Images, work: Work) -> "Trainer":
        """The trainer of one run."""
        network = network_of(settings, run["arm"], *images.patches.shape[1:])
        treatment = TREATMENTS[run["penalty"]]
        on_device = Images(
            images.patches.to(work.device), images.labels.to(work.device), images.tested, images.brightest
        )
        return cls(network, treatment, settings, on_device, work)

    def scores(self, candidates: list[tuple[float, float]], name: str) -> list[float]:
        """Mean validation accuracy of each (rate, strength); NaN where a network diverged."""
        members = Members.grid(candidate=range(len(candidates)), seed=range(self.settings["choosing"]))
        parts = self.parts(members, "choice")
        chosen = torch.tensor([candidates[int(place)] for place in members.values("candidate")])
        end = self.train(members, parts, chosen, "choice", name)
        return self.validation(end, parts).reshape(len(candidates), -1).mean(dim=1).tolist()

    def parts(self, members: Members, purpose: str) -> Parts:
        """Each member's own images; `purpose` names the stream."""
        generators = members.generators(*STREAM, self.settings["seed"], purpose, "parts")
        return parts_of(self.images, generators, self.settings["validation"], self.settings["test"])

    def train(self, members: Members, parts: Parts, chosen: Tensor, purpose: str, name: str) -> Trained:
        """Train with the rates and strengths `chosen` (member, 2)."""
        stream, settings = (*STREAM, self.settings["seed"], purpose), self.settings
        drawn = [
            self.treatment.start(self.network.initial(generator))
            for generator in members.generators(*stream, "weights")
        ]
        parameters = stacked(drawn, self.work.device)
        places = epochs(
            members.generators(*stream, "data"), parts.train.shape[1], settings["batch"], settings["steps"]
        )
        order = parts.train.gather(1, places.long().flatten(1)).reshape(places.shape)
        examples = {"patches": self.images.patches, "label": self.images.labels}
        batches = Minibatches(examples, order)
        rates, strengths = chosen.to(self.work.device, torch.float32).unbind(dim=1)
        moved = self.treatment.moved(parameters)
        gradient_step = GradientStep(
            self._objective(),
            Adam(dict.fromkeys(moved, rates)),
            warmup_cosine(settings["warmup"], settings["steps"], settings["floor"]),
            clip=settings["clip"],
        )
        carries = self.treatment is TREATMENTS["spectral"] and settings["width"] > EXACT_WIDTH
        step: Step = Carried(gradient_step) if carries else gradient_step
        return train(
            members,
            parameters,
            step,
            lambda k: {**batches(k), "strength": strengths},
            settings["steps"],
            [recording(parameters, (0, settings["steps"]), self.treatment.weights)],
            work=self.work,
            name=name,
        )

    def validation(self, end: Trained, parts: Parts) -> Tensor:
        """Accuracy on the validation images (member,); NaN where the network diverged."""
        patches = self.images.patches[parts.validation.to(self.work.device)]
        labels = self.images.labels[parts.validation.to(self.work.device)]
        weights = self.treatment.weights(end.parameters)
        inputs = seen(patches, self.images.brightest)
        answers = predictions(self.network, weights, inputs, (self.settings["iterations"],))
        right = (answers[:, :, 0] == labels).double().mean(dim=1)
        return torch.where(end.diverged_at < 0, right, torch.nan).cpu()

    def _objective(self) -> Callable[[Parameters, Batch], Tensor]:
        def loss(parameters: Parameters, batch: Batch) -> Tensor:
            weights = self.treatment.weights(parameters)
            inputs = seen(batch["patches"], self.images.brightest)
            logits = self.network.forward(weights, inputs, self.settings["iterations"])
            found = cross_entropy(logits, batch["label"])
            if self.treatment.penalty is None:
                return found
            return found + batch["strength"] * self.treatment.penalty(weights, batch)

        return loss
