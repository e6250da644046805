import java.io.File;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import javax.xml.validation.Validator;

/** The validator that comes with the JDK, warm: the best time of several, after the compiler has seen enough. */
class Jaxp {
    public static void main(String[] arguments) throws Exception {
        Validator validator = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
            .newSchema(new File(arguments[0])).newValidator();
        long best = Long.MAX_VALUE;
        for (int round = 0; round < 10; round++) {
            long start = System.nanoTime();
            validator.validate(new StreamSource(new File(arguments[1])));
            if (round >= 5) best = Math.min(best, System.nanoTime() - start);
        }
        System.out.println(best / 1e9);
    }
}
