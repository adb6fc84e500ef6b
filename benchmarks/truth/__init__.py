"""How near blended mouths are to true ones, held from the method: of other frames of a clip."""
