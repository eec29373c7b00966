"""Handwritten digits to train on, and a classifier of the real ones that reads made ones back.

    python3 Benchmarks/digits/digits.py make-data DIR
    python3 Benchmarks/digits/digits.py score DIR_OF_SAMPLES

`make-data` writes the 1,797 digits of 8x8 pixels that scikit-learn ships, scanned from forms that 43
people filled in (E. Alpaydin, C. Kaynak, UCI), as grey PNG files in folders 0 to 9.

`score` trains a support vector classifier with radial basis functions on all real digits and asks
it what the pictures in the folders 0 to 9 show. Pictures of another size, such as contact sheets,
are left out and counted. How well the classifier reads real digits that it has not seen is shown
beside, by cross-validation; and how far the made digits are from the nearest real one, against the
same distance between real ones: copies would be much nearer.
"""

import argparse
import sys
from pathlib import Path

import numpy
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

CLASSES = range(10)
SIDE = 8
# Levels of a real digit's pixels, 0 to this.
BRIGHTEST = 16


def real_digits():
    """The pixels [digit, pixel] from 0 to 1, and the classes."""
    digits = load_digits()
    return digits.data / BRIGHTEST, digits.target


def make_data(folder):
    pixels, labels = real_digits()
    for label in CLASSES:
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
    for number, (picture, label) in enumerate(zip(pixels, labels)):
        levels = numpy.rint(picture.reshape(SIDE, SIDE) * 255).astype(numpy.uint8)
        Image.fromarray(levels).save(folder / str(label) / f"{number:04}.png")
    print(f"{folder}: {len(labels)} digits")


def read_samples(folder):
    """The pixels [sample, pixel] from 0 to 1, the classes asked for, and how many were left out."""
    pixels, labels, skipped = [], [], 0
    for label in CLASSES:
        for path in sorted((folder / str(label)).glob("*.png")):
            with Image.open(path) as picture:
                if picture.size != (SIDE, SIDE):
                    skipped += 1
                    continue
                pixels.append(numpy.asarray(picture.convert("L"), dtype=float).ravel() / 255)
                labels.append(label)
    return numpy.array(pixels), numpy.array(labels), skipped


def nearest(pixels, others, own):
    """The median distance of pictures to the nearest of others; `own`: they are the same list."""
    squares = (pixels**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * pixels @ others.T
    if own:
        numpy.fill_diagonal(squares, numpy.inf)
    return float(numpy.median(numpy.sqrt(numpy.maximum(squares.min(1), 0))))


def score(folder):
    pixels, labels, skipped = read_samples(folder)
    if len(labels) == 0:
        sys.exit(f"{folder}: no pictures of {SIDE}x{SIDE} pixels in folders 0 to 9")
    # The data set's own scale, for which 0.001 is the customary value.
    classifier = SVC(kernel="rbf", gamma=0.001 * BRIGHTEST**2, C=10)
    real_pixels, real_labels = real_digits()
    unseen = cross_val_score(classifier, real_pixels, real_labels, cv=5).mean()
    read = classifier.fit(real_pixels, real_labels).predict(pixels)
    for label in CLASSES:
        asked = labels == label
        if asked.any():
            right = (read[asked] == label).sum()
            others = [str(other) for other in read[asked] if other != label]
            misread = f"  read as {' '.join(others)}" if others else ""
            print(f"{label}: {right} of {asked.sum()}{misread}")
    if skipped:
        print(f"left out: {skipped} of another size")
    print(f"the classifier on real digits that it has not seen: {unseen:.1%}")
    print(
        f"distance to the nearest real digit: {nearest(pixels, real_pixels, False):.2f}, "
        f"of a real one to another: {nearest(real_pixels, real_pixels, True):.2f}")
    print(f"read back as asked: {(read == labels).sum()} of {len(labels)}, {(read == labels).mean():.1%}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, action in [("make-data", make_data), ("score", score)]:
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        command.set_defaults(action=action)
    arguments = parser.parse_args()
    arguments.action(arguments.folder)


if __name__ == "__main__":
    main()
