"""What the floor workflows do: kept outside their module, which the workflow sandbox loads anew each time."""

from bench.shapes import Shape


class FloorScript:
    """The shape that all floor workflows of this process have."""

    def __init__(self) -> None:
        self._shape: Shape | None = None

    def learn(self, shape: Shape) -> None:
        """From now on do it like this."""
        self._shape = shape

    @property
    def shape(self) -> Shape:
        """What to do.

        Raises:
            RuntimeError: nobody said it yet.
        """
        if self._shape is None:
            raise RuntimeError("this process was given no shape")
        return self._shape


SCRIPT = FloorScript()
